// SPDX-License-Identifier: GPL-2.0-or-later
#include "rangefinder.h"

#include <cmath>
#include <optional>

namespace racegym {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kHalfPi = kPi / 2;
constexpr int kMaxSegments = 4000;  // more than any ray of 200 m passes; ends rays that stand still

// A ray inside one segment: `x` metres from the left edge, `s` from the segment's start (m or rad), `angle` against
// the tangent, left positive, `range` metres left to go.
struct Ray {
    const Segment* segment;
    float x, s, angle, range;
    int depth;
};

float march(const Ray& ray);

// The ray goes on in the neighbour after `step` metres. The sums run from the far end inwards, as in the original.
float enter(const Ray& ray, bool ahead, float x, float angle, float step) {
    const Segment* segment = ahead ? ray.segment->next : ray.segment->prev;
    return march({segment, x, ahead ? 0.0F : segment->end(), angle, ray.range - step, ray.depth + 1}) + step;
}

float march_straight(const Ray& ray) {
    const Segment& seg = *ray.segment;
    const float cosine = std::cos(ray.angle), sine = std::sin(ray.angle);
    const float swing = std::fabs(ray.angle);
    const bool left = cosine == 0 ? ray.angle > 0 : sine >= 0;
    const float side = left ? ray.x : seg.width - ray.x;
    if (cosine == 0) return side < ray.range ? side : ray.range;

    const bool ahead = cosine > 0;
    const float along = ahead ? seg.length - ray.s : ray.s;
    const double slope = ahead ? static_cast<double>(std::tan(swing)) : std::tan(kPi - swing);
    if (static_cast<double>(side / along) > slope) {  // leaves through the end of the segment
        float step, x;
        if (ahead) {
            step = along / cosine;
            const float drift = step * std::sin(swing);
            x = left ? ray.x - drift : ray.x + drift;
        } else {
            step = left ? along / -cosine : static_cast<float>(along / std::cos(kPi - swing));
            const double drift = step * std::sin(kPi - swing);
            x = static_cast<float>(left ? ray.x - drift : ray.x + drift);
        }
        return step >= ray.range ? ray.range : enter(ray, ahead, x, ray.angle, step);
    }
    const float edge = static_cast<float>(side / std::cos(kHalfPi - swing));
    return edge >= ray.range ? ray.range : edge;
}

// A turn seen from its centre: `r` the ray's radius, `t` its angle against the tangent, positive towards the centre.
struct Turn {
    float inner, outer, r, t, up, down, range;
};

std::optional<float> within(float distance, float range) {
    return distance <= range ? std::optional<float>(distance) : std::nullopt;
}

std::optional<float> hit_outer(const Turn& c) {
    if (c.t == 0) return std::nullopt;
    const bool inward = c.t > 0;
    if (inward ? c.t <= kHalfPi : c.t >= -kHalfPi) {
        const float beta = std::acos(c.r * std::cos(c.t) / c.outer);
        if (!(beta + c.t <= c.up)) return std::nullopt;
        return within(c.outer * std::sin(beta) + c.r * std::sin(c.t), c.range);
    }
    const float check = static_cast<float>(c.r * std::cos(kPi + c.t));
    const float beta = std::acos(check / c.outer);
    const float swept = static_cast<float>(inward ? beta + c.t + kPi : beta - c.t - kPi);
    if (!(swept <= (inward ? c.up : c.down))) return std::nullopt;
    const float rise = static_cast<float>(c.r * std::sin(kPi + c.t));
    const float chord = c.outer * std::sin(beta);
    return within(inward ? chord + rise : chord - rise, c.range);
}

std::optional<float> hit_inner(const Turn& c) {
    if (!(c.t > 0)) return std::nullopt;
    const bool ahead = c.t <= kHalfPi;
    const float check = ahead ? c.r * std::cos(c.t) : static_cast<float>(c.r * std::cos(kPi - c.t));
    const float beta = std::acos(check / c.inner);  // not a number when the ray misses: every comparison then fails
    const float swept = ahead ? c.t - beta : static_cast<float>(kPi - beta - c.t);
    if (ahead ? !(swept <= c.up) : !(swept <= c.down && swept >= 0)) return std::nullopt;
    const float rise = ahead ? c.r * std::sin(c.t) : static_cast<float>(c.r * std::sin(kPi - c.t));
    return within(rise - c.inner * std::sin(beta), c.range);
}

// A crossing into the neighbour: `offset` metres from the inner edge.
struct Crossing {
    float step, offset, t;
};

std::optional<Crossing> cross_end(const Turn& c) {
    if (!(c.t < kHalfPi && c.t > -kHalfPi)) return std::nullopt;
    const float t = c.t - c.up;
    const float step = c.r * std::sin(c.up) / std::cos(t);
    if (!(step < c.range)) return std::nullopt;
    return Crossing{step, c.r * std::cos(c.up) - step * std::sin(t) - c.inner, t};
}

std::optional<Crossing> cross_start(const Turn& c) {
    if (!(c.t > kHalfPi || c.t < -kHalfPi)) return std::nullopt;
    const bool outward = !(c.t > 0 && c.t <= kPi - c.down);
    const double lean = !outward ? kPi - c.t - c.down : c.t > 0 ? c.down + c.t - kPi : c.down + c.t + kPi;
    const float step = static_cast<float>(c.r * std::sin(c.down) / std::cos(lean));
    if (!(step < c.range)) return std::nullopt;
    const float drift = static_cast<float>(step * std::sin(lean));
    const float at = c.r * std::cos(c.down);
    const float t = outward && c.t > 0 ? static_cast<float>(-(2 * kPi - c.t - c.down)) : c.t + c.down;
    return Crossing{step, (outward ? at + drift : at - drift) - c.inner, t};
}

float march_turn(const Ray& ray) {
    const Segment& seg = *ray.segment;
    const bool left = seg.bend == Bend::left;
    const float inner = left ? seg.radius_left : seg.radius_right;
    const float outer = left ? seg.radius_right : seg.radius_left;
    const float from_inner = left ? ray.x : seg.width - ray.x;
    const Turn turn{inner, outer, inner + from_inner, left ? ray.angle : -ray.angle, seg.arc - ray.s, ray.s, ray.range};

    if (const auto distance = hit_outer(turn)) return *distance;
    if (const auto distance = hit_inner(turn)) return *distance;
    for (const bool ahead : {true, false}) {
        if (const auto crossing = ahead ? cross_end(turn) : cross_start(turn)) {
            const float x = left ? crossing->offset : seg.width - crossing->offset;
            return enter(ray, ahead, x, left ? crossing->t : -crossing->t, crossing->step);
        }
    }
    return ray.range;
}

float march(const Ray& ray) {
    if (ray.depth > kMaxSegments) return ray.range;
    return ray.segment->bend == Bend::straight ? march_straight(ray) : march_turn(ray);
}

float normalised(float angle) {
    while (angle > kPi) angle = static_cast<float>(angle - 2 * kPi);
    while (angle < -kPi) angle = static_cast<float>(angle + 2 * kPi);
    return angle;
}

}  // namespace

float rangefinder(const Place& place, float beam, float reach) {
    const float beam_rad = static_cast<float>(beam * kPi / 180);
    const float angle = normalised(place.tangent - place.yaw + beam_rad);
    return march({place.segment, place.to_left, place.to_start, -angle, reach, 0});
}

}  // namespace racegym

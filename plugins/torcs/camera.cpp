// SPDX-License-Identifier: GPL-2.0-or-later
#include "camera.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "display.h"
#include "futex.h"
#include "renderer.h"

namespace racegym {
namespace {

constexpr timespec kGlance{0, 20'000'000};  // how often a window's events are served while nothing is wanted

// The car's matrix as the engine makes it of its pose; a car that was just placed still has that of the grid.
void settle(tCarElt& car) {
    const float h = car._yaw, p = car._roll, r = car._pitch;
    const float ch = std::cos(h), sh = std::sin(h), cp = std::cos(p), sp = std::sin(p), cr = std::cos(r), sr = std::sin(r);
    const float rows[4][4] = {
        {ch * cr - sh * sr * sp, cr * sh + sr * sp * ch, -sr * cp, 0},
        {-sh * cp, ch * cp, sp, 0},
        {sr * ch + sh * cr * sp, sr * sh - sp * cr * ch, cr * cp, 0},
        {car._pos_X - car._statGC_x, car._pos_Y - car._statGC_y, car._pos_Z - car._statGC_z, 1},
    };
    std::memcpy(car._posMat, rows, sizeof rows);
}

}  // namespace

// What of a race is seen: as many records follow as there are cars, then their order. They are copied as they are: the
// pointers in them lead to what was there before the fork, at the same addresses in every process.
struct Camera::Scene {
    tRaceAdmInfo race;
    double delta, time;

    tCarElt* records() { return reinterpret_cast<tCarElt*>(this + 1); }
    tCarElt** order() { return reinterpret_cast<tCarElt**>(records() + race.ncars); }
    static std::size_t size(int cars) {
        return sizeof(Scene) + static_cast<std::size_t>(cars) * (sizeof(tCarElt) + sizeof(tCarElt*));
    }
};

Camera::Camera(int fd, tSituation* situation, std::vector<tCarElt*> cars, const std::string& xvfb, Lifeline& lifeline)
    : situation_(situation), cars_(std::move(cars)), xvfb_(xvfb), lifeline_(lifeline) {
    struct stat status {};
    if (fstat(fd, &status) != 0)
        lifeline_.fail("RACEGYM_CAMERA names a descriptor that is not open; the launcher has to pass it on");
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    void* const scene = mmap(nullptr, Scene::size(situation->_ncars), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (size < sizeof(CameraHeader) || memory == MAP_FAILED || scene == MAP_FAILED)
        lifeline_.fail("cannot map the memory for pictures");
    header_ = static_cast<CameraHeader*>(memory);
    scene_ = static_cast<Scene*>(scene);
    const CameraHeader& h = *header_;
    const std::size_t end = h.pixels_offset + std::size_t{h.cars} * h.width * h.height * 3;
    if (h.magic != kCameraMagic || h.version != kCameraVersion || h.bytes != size || end > size ||
        h.cars != cars_.size())
        lifeline_.fail("the robot and the client lay the memory for pictures out differently; run: racegym torcs install");
}

void Camera::expose() {
    const tSituation& s = *situation_;
    scene_->race = s.raceInfo;
    scene_->delta = s.deltaTime;
    scene_->time = s.currentTime;
    for (int i = 0; i < s._ncars; ++i) {
        scene_->records()[i] = *s.cars[i];
        scene_->order()[i] = s.cars[i];
    }
    header_->wanted.fetch_add(1);
    futex_wake(header_->wanted);
}

void Camera::render() {
    header_->renderer = static_cast<std::uint32_t>(getpid());
    const bool own = header_->window == 0 && !xvfb_.empty();
    if (own) {
        const std::string display = open_display(xvfb_, lifeline_);
        setenv("DISPLAY", display.c_str(), 1);
        setenv("LIBGL_ALWAYS_SOFTWARE", "1", 1);
        setenv("LP_NUM_THREADS", "0", 1);  // games run side by side; each keeps to its core
    }
    Renderer renderer(*header_, situation_, lifeline_);
    auto* pixels = reinterpret_cast<unsigned char*>(header_) + header_->pixels_offset;
    const std::size_t picture = std::size_t{header_->width} * header_->height * 3;
    for (std::uint32_t made = 0;;) {
        const std::uint32_t wanted = header_->wanted.load();
        renderer.serve_window();
        if (wanted == made) {
            futex_wait(header_->wanted, wanted, header_->window != 0 ? &kGlance : nullptr);
            continue;
        }
        situation_->raceInfo = scene_->race;
        situation_->deltaTime = scene_->delta;
        situation_->currentTime = scene_->time;
        for (int i = 0; i < situation_->_ncars; ++i) {
            situation_->cars[i] = scene_->order()[i];
            *situation_->cars[i] = scene_->records()[i];
            settle(*situation_->cars[i]);
        }
        // The first car last: it is the one that a window shows. A window that was closed has nothing to draw on.
        for (std::uint32_t left = header_->times; left > 0; --left)
            for (std::size_t car = cars_.size(); car-- > 0 && header_->closed.load() == 0;)
                renderer.film(cars_[car], pixels + car * picture);
        renderer.show();
        header_->time = situation_->currentTime;
        made = wanted;
        header_->made.store(made);
        futex_wake(header_->made);
    }
}

}  // namespace racegym

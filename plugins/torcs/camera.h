// SPDX-License-Identifier: GPL-2.0-or-later
// Pictures on demand: the driver lays the scene of its present state into memory that it shares with a renderer, a
// process of its own forked from the keeper, so that no process that drives or keeps the start line ever meets OpenGL.
#ifndef RACEGYM_CAMERA_H
#define RACEGYM_CAMERA_H

#include <car.h>
#include <raceman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lifeline.h"

namespace racegym {

constexpr std::uint32_t kCameraMagic = 0x63796772;  // "rgyc"
constexpr std::uint32_t kCameraVersion = 3;

// What the client and the renderer share, mirrored by racegym_torcs/camera.py; made by the client, inherited by its
// descriptor. Pixels follow at `pixels_offset`: uint8 [cars][height][width][3], rows top-down.
struct CameraHeader {
    std::uint32_t magic, version, bytes, cars;
    std::uint32_t width, height, pixels_offset;
    std::uint32_t list, number;  // the view, in TORCS's lists of cameras
    std::uint32_t window;        // shown to people: on the display of the environment, with its keys read
    float fov;                   // vertical, degrees; 0: the view's own
    std::uint32_t times;         // each picture is drawn so often: more than once for measuring alone

    alignas(64) std::atomic<std::uint32_t> wanted;  // pictures asked for, the driver's
    alignas(64) std::atomic<std::uint32_t> made;    // number of the picture that is there, the renderer's
    std::uint32_t renderer;                         // its process id
    double time;                                    // s, the engine's clock of the state that it shows
    float eye[3], centre[3], up[3];                 // of the first car's picture: whence, whither, m, and which way is up
    float fovy;                                     // degrees, vertical

    alignas(64) std::atomic<std::uint32_t> closed;  // somebody has closed the window
    std::atomic<std::uint32_t> keys;                // held down in it now, a bit for each of Key
    std::atomic<std::uint32_t> presses;             // counts what was pressed, so that nothing short is missed
};
static_assert(offsetof(CameraHeader, wanted) == 64 && offsetof(CameraHeader, made) == 128 &&
                  offsetof(CameraHeader, time) == 136 && offsetof(CameraHeader, closed) == 192 &&
                  sizeof(CameraHeader) == 256,
              "the client lays it out so");

class Camera {
public:
    // Maps the descriptor; `cars` are those that are filmed, in the order of the pictures. Ends the process if the
    // memory cannot be used. To be made before any fork.
    Camera(int fd, tSituation* situation, std::vector<tCarElt*> cars, const std::string& xvfb, Lifeline& lifeline);
    Camera(const Camera&) = delete;
    Camera& operator=(const Camera&) = delete;

    // In the driver: asks for a picture of the situation as it is now.
    void expose();

    // In a process of its own: makes each picture asked for. Never returns.
    [[noreturn]] void render();

private:
    struct Scene;

    CameraHeader* header_ = nullptr;
    Scene* scene_ = nullptr;
    tSituation* situation_;
    std::vector<tCarElt*> cars_;
    std::string xvfb_;
    Lifeline& lifeline_;
};

}  // namespace racegym

#endif

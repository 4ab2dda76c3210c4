// SPDX-License-Identifier: GPL-2.0-or-later
#include "renderer.h"

#include <dlfcn.h>
#include <tgf.h>

#include <algorithm>
#include <cstring>
#include <string>

extern tRmInfo* ReInfo;  // of libraceengine

// Of libtgfclient, whose header would want OpenGL's.
extern void GfScrInit(int argc, char** argv);
extern void GfInitClient();
extern void* GfuiScreenCreateEx(float* colour, void* on, void (*on_activate)(void*), void* off,
                                void (*on_deactivate)(void*), int mouse);

namespace racegym {
namespace {

// ssggraph's camera behind the car; up to `fog_end` all of its cameras are alike.
struct View {
    const void* functions;
    void* link[2];
    int id, draw_current, draw_driver, draw_background, mirror_allowed;
    float speed[3], eye[3], centre[3], up[3];
    void* screen;
    float fovy, fovy_min, fovy_max, fovy_default, near, far, fog_start, fog_end;
    float heading;  // which it follows the car's with, a tenth of the way each picture
};

// The cameras that follow are the first so many of this list; each class has members of its own.
constexpr std::uint32_t kBehind = 0, kFollowing = 2;

// The beginning of its screen.
struct Screen {
    int id;
    tCarElt* car;
    tCarElt** cars;
    int list;
    void* lists[10][2];
    View* view;
};

// OpenGL's and GLUT's, so few that their headers are not worth a dependency.
constexpr unsigned kRgb = 0x1907, kUnsignedByte = 0x1401, kPackAlignment = 0x0D05, kBack = 0x0405;
constexpr unsigned kActionOnClose = 0x01F9, kContinue = 2;

struct Library {
    void (*read_buffer)(unsigned);
    void (*pixel_store)(unsigned, int);
    void (*read_pixels)(int, int, int, int, unsigned, unsigned, void*);
    void (*swap)();
    void (*set_option)(unsigned, int);
    void (*serve_events)();
    void (*on_close)(void (*)());
    void (*on_key)(void (*)(unsigned char, int, int));
    void (*on_key_up)(void (*)(unsigned char, int, int));
    void (*on_special)(void (*)(int, int, int));
    void (*on_special_up)(void (*)(int, int, int));
    void (*on_display)(void (*)());
    void (*ignore_repeat)(int);
    void (*title)(const char*);
} gl;

template <typename Function>
void find(Function& target, const char* name, Lifeline& lifeline) {
    target = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
    if (target == nullptr) lifeline.fail(std::string("no ") + name + " in this TORCS's libraries");
}

void find_library(Lifeline& lifeline) {
    find(gl.read_buffer, "glReadBuffer", lifeline);
    find(gl.pixel_store, "glPixelStorei", lifeline);
    find(gl.read_pixels, "glReadPixels", lifeline);
    find(gl.swap, "glutSwapBuffers", lifeline);
    find(gl.set_option, "glutSetOption", lifeline);
    find(gl.serve_events, "glutMainLoopEvent", lifeline);
    find(gl.on_close, "glutCloseFunc", lifeline);
    find(gl.on_key, "glutKeyboardFunc", lifeline);
    find(gl.on_key_up, "glutKeyboardUpFunc", lifeline);
    find(gl.on_special, "glutSpecialFunc", lifeline);
    find(gl.on_special_up, "glutSpecialUpFunc", lifeline);
    find(gl.on_display, "glutDisplayFunc", lifeline);
    find(gl.ignore_repeat, "glutIgnoreKeyRepeat", lifeline);
    find(gl.title, "glutSetWindowTitle", lifeline);
}

// Keys that mean something, by what GLUT calls them; special keys lie above the characters.
constexpr int kSpecial = 0x100;
constexpr int kKeys[] = {kSpecial + 100, kSpecial + 102, kSpecial + 101, kSpecial + 103, 'a', 'z', ' ', 'r', 27};

CameraHeader* watched = nullptr;  // GLUT's callbacks carry nothing of ours

void press(int key, bool down) {
    for (unsigned bit = 0; bit < std::size(kKeys); ++bit) {
        if (kKeys[bit] != key) continue;
        if (down) watched->presses.fetch_add(1);
        if (down) watched->keys.fetch_or(1U << bit);
        else watched->keys.fetch_and(~(1U << bit));
    }
}

void listen() {
    gl.set_option(kActionOnClose, kContinue);
    gl.on_close([] { watched->closed.store(1); });
    gl.ignore_repeat(1);
    gl.on_key([](unsigned char key, int, int) { press(key, true); });
    gl.on_key_up([](unsigned char key, int, int) { press(key, false); });
    gl.on_special([](int key, int, int) { press(kSpecial + key, true); });
    gl.on_special_up([](int key, int, int) { press(kSpecial + key, false); });
}

Screen& screen(Lifeline& lifeline) {
    auto* const screens = static_cast<Screen**>(dlsym(RTLD_DEFAULT, "grScreens"));
    if (screens != nullptr) return **screens;
    lifeline.fail("no grScreens in TORCS's module ssggraph");
}

Screen* first = nullptr;

// The module splits its picture among the humans, and our cars pass for humans. The scenes to come tell what they are.
void leave_one_human(tSituation& situation) {
    bool found = false;
    for (int i = 0; i < situation._ncars; ++i) {
        tCarElt& car = *situation.cars[i];
        if (car._driverType != RM_DRV_HUMAN) continue;
        if (found) car._driverType = RM_DRV_ROBOT;
        found = true;
    }
}

}  // namespace

Renderer::Renderer(CameraHeader& header, tSituation* situation, Lifeline& lifeline)
    : header_(header), situation_(situation), bottom_up_(std::size_t{header.width} * header.height * 3) {
    find_library(lifeline);
    watched = &header;
    char name[] = "racegym: TORCS";
    char* arguments[] = {name, nullptr};
    GfScrInit(1, arguments);
    GfInitClient();
    gl.on_display([] {});
    if (header.window != 0) listen();
    const std::string module = std::string(GetLibDir()) + "modules/graphic/ssggraph.so";
    tModList* list = nullptr;
    if (GfModLoad(0, const_cast<char*>(module.c_str()), &list) != 0) lifeline.fail("cannot load " + module);
    dlopen(module.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
    list->modInfo->fctInit(list->modInfo->index, &graphics_);
    ReInfo->_reGraphicItf = graphics_;
    graphics_.inittrack(ReInfo->track);
    void* const menu = GfuiScreenCreateEx(nullptr, nullptr, nullptr, nullptr, nullptr, 0);
    const auto width = static_cast<int>(header.width), height = static_cast<int>(header.height);
    graphics_.initview(0, 0, width, height, 0, menu);
    leave_one_human(*situation);
    graphics_.initcars(situation);
    first = &screen(lifeline);
    gl.pixel_store(kPackAlignment, 1);
}

void Renderer::film(tCarElt* car, unsigned char* pixels) {
    car->priv.collision_state.collision_count = 0;  // dents would come from pictures before, not from this state
    first->car = car;
    if (header_.fov > 0) first->view->fovy = header_.fov;
    // A lag would come from pictures before, not from this state; people like it better as it is.
    const bool behind = header_.list == kBehind && header_.number < kFollowing;
    if (behind && header_.window == 0) first->view->heading = car->_yaw;
    graphics_.refresh(situation_);
    const View& view = *first->view;
    std::copy_n(view.eye, 3, header_.eye);
    std::copy_n(view.centre, 3, header_.centre);
    std::copy_n(view.up, 3, header_.up);
    header_.fovy = view.fovy;
    const auto width = static_cast<int>(header_.width), height = static_cast<int>(header_.height);
    gl.read_buffer(kBack);
    gl.read_pixels(0, 0, width, height, kRgb, kUnsignedByte, bottom_up_.data());
    const std::size_t line = std::size_t{header_.width} * 3;
    for (int row = 0; row < height; ++row)
        std::memcpy(pixels + static_cast<std::size_t>(row) * line,
                    bottom_up_.data() + static_cast<std::size_t>(height - 1 - row) * line, line);
}

void Renderer::show() {
    if (header_.window != 0 && header_.closed.load() == 0) gl.swap();
}

void Renderer::serve_window() {
    if (header_.closed.load() == 0) gl.serve_events();
}

}  // namespace racegym

// SPDX-License-Identifier: GPL-2.0-or-later
#include "expert.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <tgf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>
#include <system_error>

namespace racegym {
namespace {

// Drivers keep their state in the module, by index. A copy of its own for each car, which the loader takes for another
// module, keeps apart two cars with one expert, and an expert from an opponent of the same name.
// The copy stays open as long as the process lives: the loader knows modules by path, and this one is /proc/self/fd/N.
int private_copy(const std::string& path) {
    const int original = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (original < 0) return -1;
    struct stat about {};
    const int copy = memfd_create(path.c_str(), MFD_CLOEXEC);
    bool complete = copy >= 0 && fstat(original, &about) == 0;
    for (off_t left = about.st_size; complete && left > 0;) {
        const ssize_t sent = sendfile(copy, original, nullptr, static_cast<size_t>(left));
        complete = sent > 0;
        left -= sent;
    }
    const int error = errno;
    close(original);
    errno = error;
    return complete ? copy : -1;
}

std::string last_error() { return std::generic_category().message(errno); }

}  // namespace

Expert::Expert(const ExpertName& name, const Lifeline& lifeline) {
    const std::string wanted = "RACEGYM_EXPERT=" + name.module + ":" + std::to_string(name.index) + ": ";
    const std::string path = std::string(GetLibDir()) + "drivers/" + name.module + "/" + name.module + ".so";
    const int copy = private_copy(path);
    if (copy < 0) lifeline.fail(wanted + "cannot read " + path + " (" + last_error() + ")");
    void* module = dlopen(("/proc/self/fd/" + std::to_string(copy)).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) lifeline.fail(wanted + "cannot load " + path + " (" + dlerror() + ")");
    const auto describe = reinterpret_cast<tfModInfo>(dlsym(module, name.module.c_str()));
    tModInfo drivers[MAX_MOD_ITF]{};
    if (describe == nullptr || describe(drivers) != 0) lifeline.fail(wanted + path + " is no driver module");
    const auto* found = std::find_if(std::begin(drivers), std::end(drivers), [&](const tModInfo& driver) {
        return driver.fctInit != nullptr && driver.index == name.index;
    });
    if (found == std::end(drivers)) lifeline.fail(wanted + name.module + " has no driver of that index");
    found->fctInit(name.index, &robot_);
}

Expert::~Expert() {
    if (robot_.rbShutdown != nullptr) robot_.rbShutdown(robot_.index);
}

void* Expert::set_up(tTrack* track, void* car_parameters, tSituation* s) {
    void* wanted = nullptr;
    robot_.rbNewTrack(robot_.index, track, car_parameters, &wanted, s);
    return wanted;
}

void Expert::new_race(tCarElt* car, tSituation* s) { robot_.rbNewRace(robot_.index, car, s); }

void Expert::drive(tCarElt* car, tSituation* s) { robot_.rbDrive(robot_.index, car, s); }

int Expert::pit(tCarElt* car, tSituation* s) {
    return robot_.rbPitCmd == nullptr ? ROB_PIT_IM : robot_.rbPitCmd(robot_.index, car, s);
}

void Expert::end_race(tCarElt* car, tSituation* s) {
    if (robot_.rbEndRace != nullptr) robot_.rbEndRace(robot_.index, car, s);
}

}  // namespace racegym

// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace racegym {
namespace {

[[noreturn]] void differ(const std::string& why) { throw std::runtime_error(differing(why)); }

}  // namespace

std::string differing(const std::string& why) {
    return "the robot and the client lay their shared memory out differently (" + why + "); run: racegym torcs install";
}

Shared::Shared(int fd, const std::vector<int>& games) {
    struct stat status {};
    if (fstat(fd, &status) != 0)
        throw std::runtime_error("RACEGYM_SHARED names a descriptor that is not open; the launcher has to pass it on");
    size_ = static_cast<std::size_t>(status.st_size);
    void* const memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        throw std::runtime_error("cannot map the shared memory: " + std::generic_category().message(errno));
    base_ = static_cast<char*>(memory);
    for (const int game : games) {
        const std::size_t place = static_cast<std::size_t>(game) * sizeof(SharedHeader);
        if (size_ < place + sizeof(SharedHeader)) differ("the memory has " + std::to_string(size_) + " bytes");
        headers_.push_back(reinterpret_cast<SharedHeader*>(base_ + place));
        check(*headers_.back());
    }
}

void Shared::check(const SharedHeader& h) const {
    if (h.magic != kSharedMagic || h.version != kSharedVersion)
        differ("it speaks version " + std::to_string(h.version) + ", we version " + std::to_string(kSharedVersion));
    const std::uint32_t ends[] = {h.layout_offset + h.layout_size, h.starts_offset + h.cars * std::uint32_t{sizeof(Start)},
                                  h.slots_offset + h.slots * std::uint32_t{sizeof(Word)},
                                  h.bell_offset + std::uint32_t{sizeof(Bell)}};
    for (const std::uint32_t end : ends)
        if (end > size_ || h.bytes != size_) differ("a part lies outside");
}

Shared::~Shared() { munmap(base_, size_); }

std::string Shared::layout() const { return {at<char>(headers_[0]->layout_offset), headers_[0]->layout_size}; }

}  // namespace racegym

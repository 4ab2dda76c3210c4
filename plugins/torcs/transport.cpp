// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport.h"

#include <stdexcept>

#include "lockstep.h"
#include "self_drive.h"
#include "udp.h"

namespace racegym {
namespace {

// All cars of a race sit in one conversation.
std::shared_ptr<Lockstep> conversation(const Options& options, Lifeline& lifeline) {
    static std::weak_ptr<Lockstep> open;
    if (auto found = open.lock()) return found;
    try {
        auto made = std::make_shared<Lockstep>(options.shared, options.games, lifeline);
        open = made;
        return made;
    } catch (const LayoutError& error) {
        lifeline.fail(differing(error.what()));
    } catch (const std::runtime_error& error) {
        lifeline.fail(error.what());
    }
}

}  // namespace

std::unique_ptr<Transport> open_transport(const Options& options, int index, Lifeline& lifeline) {
    if (options.self_drive > 0) return std::make_unique<SelfDrive>(options.self_drive, lifeline);
    if (options.shared >= 0) return std::make_unique<Seat>(conversation(options, lifeline), index);
    return std::make_unique<Udp>(options, index, lifeline);
}

}  // namespace racegym

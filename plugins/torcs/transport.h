// SPDX-License-Identifier: GPL-2.0-or-later
// How one car's states reach its client and the answers come back. The race knows nothing else of the channel.
#ifndef RACEGYM_TRANSPORT_H
#define RACEGYM_TRANSPORT_H

#include <memory>
#include <optional>
#include <string>

#include "lifeline.h"
#include "options.h"
#include "state.h"

namespace racegym {

enum class Farewell { restart, shutdown };

class Transport {
public:
    virtual ~Transport() = default;

    // The client, once it has identified itself.
    virtual const std::optional<Identification>& client() const = 0;

    // Where a client finds this car, as the owner is told: `port <index> <number>`.
    virtual std::string endpoint() const = 0;

    // Readable when identify() or collect() has something to do.
    virtual int descriptor() const = 0;

    // Serves a waiting identification, without waiting for one.
    virtual void identify() = 0;

    // Hands a state over. A client gets one answer's time from here on.
    virtual void post(const State& state) = 0;

    // The answer to the state posted last, or nothing when the client missed it.
    virtual std::optional<Action> collect() = 0;

    // Tells the client that the race is over for it.
    virtual void end(Farewell farewell) = 0;

    // What was missed or refused, for people; empty if nothing was.
    virtual std::string account() const = 0;
};

// The channel of car `index` that the options ask for. Ends the process with a message if it cannot be opened.
std::unique_ptr<Transport> open_transport(const Options& options, int index, Lifeline& lifeline);

}  // namespace racegym

#endif

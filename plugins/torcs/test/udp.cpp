// SPDX-License-Identifier: GPL-2.0-or-later
#include "udp.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

using namespace racegym;

namespace {

class Client {
public:
    explicit Client(const Udp& server) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<in_port_t>(server.port()));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw check::Failure("cannot connect");
    }
    ~Client() { close(fd_); }

    void send(const std::string& text) { ::send(fd_, text.data(), text.size(), 0); }

    // What lies there; loopback delivers before send returns.
    std::string receive() {
        char text[4096];
        const ssize_t length = recv(fd_, text, sizeof text, MSG_DONTWAIT);
        return length <= 0 ? "" : std::string(text, static_cast<std::size_t>(length));
    }

private:
    int fd_;
};

const std::string kNul(1, '\0');

Options any_port() {
    Options options;
    options.port = 0;
    options.timeout_us = 20000;
    return options;
}

struct Pair {
    Lifeline lifeline{-1, ""};
    Udp server{any_port(), 0, lifeline};
    Client client{server};

    explicit Pair(const std::string& identification = "SCR(racegym 1)") {
        client.send(identification);
        server.identify();
        EQUAL(client.receive(), "***identified***" + kNul);
    }
    void post(long tick) {
        State state;
        state.tick = tick;
        server.post(state);
        EQUAL(client.receive().substr(0, 7), "(angle ");
    }
};

}  // namespace

TEST(garbage_before_the_identification_is_passed_over) {
    Lifeline lifeline(-1, "");
    Udp server(any_port(), 0, lifeline);
    Client client(server);
    for (const auto& text : {std::string("(accel 1)"), std::string("SC"), std::string(), std::string(3000, 'x')})
        client.send(text);
    server.identify();
    EQUAL(server.client().has_value(), false);
    client.send("SCR(init 0)");
    server.identify();
    EQUAL(server.client().has_value(), true);
    EQUAL(server.counters().garbage, 4);
}

TEST(an_answer_is_taken_from_the_identified_client_alone) {
    Pair pair;
    Client foreigner(pair.server);
    pair.post(0);
    foreigner.send("(accel 1)(meta 1)");
    foreigner.send("SCR(init 0)");
    pair.client.send("(accel 0.5)");
    const auto action = pair.server.collect();
    EQUAL(action->accel, 0.5F);
    EQUAL(action->restart, false);
    EQUAL(pair.server.counters().foreign, 2);
    EQUAL(foreigner.receive(), "");
}

TEST(a_late_answer_does_not_shift_the_stream) {
    Pair pair("SCR(init 0)");
    pair.post(0);
    EQUAL(pair.server.collect().has_value(), false);
    pair.client.send("(accel 0.1)");
    pair.client.send("(accel 0.2)");
    pair.post(1);
    pair.client.send("(accel 0.3)");
    EQUAL(pair.server.collect()->accel, 0.3F);
    EQUAL(pair.server.account(), "1 answers missed, 2 late; 0 datagrams of others and 0 unreadable refused");
}

TEST(an_answer_to_another_tick_is_dropped) {
    Pair pair;
    pair.post(5);
    pair.client.send("(accel 0.1)(tick 4)");
    pair.client.send("(accel 0.2)(tick 5)");
    EQUAL(pair.server.collect()->accel, 0.2F);
    EQUAL(pair.server.counters().late, 1);
}

TEST(garbage_does_not_take_the_place_of_an_answer) {
    Pair pair;
    pair.post(0);
    pair.client.send("hello");
    pair.client.send("(accel 0.2)");
    EQUAL(pair.server.collect()->accel, 0.2F);
    EQUAL(pair.server.counters().garbage, 1);
}

TEST(garbage_alone_is_an_answer_of_defaults_as_in_the_classic_server) {
    Pair pair("SCR(init 0)");
    pair.post(0);
    pair.client.send("(accel 1");
    const auto action = pair.server.collect();
    EQUAL(action->accel, 0.0F);
    EQUAL(action->gear, 1);
    EQUAL(pair.server.counters().missed, 0);
}

TEST(garbage_of_an_extended_client_is_no_answer) {
    Pair pair;
    pair.post(0);
    pair.client.send("(accel 1");
    EQUAL(pair.server.collect().has_value(), false);
}

TEST(a_long_answer_is_read_to_its_end) {
    Pair pair;
    pair.post(0);
    pair.client.send("(accel 1)" + std::string(60000, ' ') + "(gear 4)");
    EQUAL(pair.server.collect()->gear, 4);
}

TEST(a_repeated_identification_is_answered_with_the_state_again) {
    Pair pair;
    pair.post(3);
    pair.client.send("SCR(init 0)(racegym 1)");
    pair.client.send("(accel 1)(tick 3)");
    EQUAL(pair.server.collect()->accel, 1.0F);
    EQUAL(pair.client.receive(), "***identified***" + kNul);
    EQUAL(pair.client.receive().find("(tick 3)") != std::string::npos, true);
}

TEST(the_end_is_announced_and_frees_the_seat) {
    Pair pair;
    pair.server.end(Farewell::restart);
    EQUAL(pair.client.receive(), "***restart***" + kNul);
    EQUAL(pair.server.client().has_value(), false);
    Pair other;
    other.server.end(Farewell::shutdown);
    EQUAL(other.client.receive(), "***shutdown***" + kNul);
}

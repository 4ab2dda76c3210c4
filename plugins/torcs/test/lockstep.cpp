// SPDX-License-Identifier: GPL-2.0-or-later
// Robot and client as two processes over one mapping; the client's part is done here by hand.
#include "lockstep.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>

#include "check.h"
#include "futex.h"
#include "keeper.h"

using namespace racegym;

namespace {

constexpr std::uint32_t kSize = 1 << 16;
constexpr int kCars = 2;

// Every quantity of the robot, in an order of the client's.
std::string layout_text() {
    const std::pair<const char*, int> sizes[] = {
        {"finished", 1}, {"time", 1}, {"position", 3}, {"yaw", 1}, {"pitch", 1}, {"roll", 1}, {"speed", 1},
        {"velocity", 3}, {"acceleration", 3}, {"yaw_rate", 1}, {"heading_error", 1}, {"track_position", 1},
        {"distance", 1}, {"lap_distance", 1}, {"rangefinders", 19}, {"opponents", 36}, {"focus", 5},
        {"race_position", 1}, {"engine_speed", 1}, {"gear", 1}, {"wheel_speeds", 4}, {"steer", 1}, {"throttle", 1},
        {"brake", 1}, {"clutch", 1}, {"fuel", 1}, {"damage", 1}, {"collision", 1}, {"height", 1}, {"laps", 1},
        {"lap_time", 1}, {"last_lap_time", 1}, {"best_lap_time", 1}, {"off_track", 1}, {"expert_steer", 1},
        {"expert_throttle", 1}, {"expert_brake", 1}, {"expert_clutch", 1}, {"expert_gear", 1}};
    std::string lines;
    int width = 0;
    for (const auto& [name, size] : sizes) {
        lines += std::string(name) + " " + std::to_string(width) + " " + std::to_string(size) + "\n";
        width += size;
    }
    return "telemetry " + std::to_string(width) + "\n" + lines +
           "controls 6\nfocus 0 1\ngear 1 1\nclutch 2 1\nbrake 3 1\nthrottle 4 1\nsteer 5 1\n";
}

// A client with a robot that counts: its `damage` grows by the throttle in each tick, it collides when that is even,
// and its race is over after ten ticks.
struct Client {
    Client() : fd(memfd_create("test", 0)), layout(layout_text()) {
        if (ftruncate(fd, kSize) != 0) throw check::Failure("no memory");
        auto* const at = static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        header = reinterpret_cast<SharedHeader*>(at);
        const std::string text = layout_text();
        header->magic = kSharedMagic, header->version = kSharedVersion, header->bytes = kSize, header->cars = kCars;
        header->layout_offset = 640, header->layout_size = static_cast<std::uint32_t>(text.size());
        header->telemetry_offset = 8192, header->controls_offset = 16384, header->starts_offset = 20480;
        header->slots_offset = 24576, header->slots = 4;
        header->bell_offset = 384, header->bell_bit = 2;
        std::memcpy(at + 640, text.data(), text.size());
        bell = reinterpret_cast<Bell*>(at + 384);
        rows = reinterpret_cast<double*>(at + 8192);
        controls = reinterpret_cast<double*>(at + 16384);
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw check::Failure("no socket pair");
        owner = ends[0];
        keeper = fork();
        if (keeper == 0) {
            close(ends[0]);
            race(ends[1]);
        }
        close(ends[1]);
    }
    ~Client() {
        close(owner);
        waitpid(keeper, nullptr, 0);
        munmap(header, kSize);
        close(fd);
    }

    [[noreturn]] void race(int end) const {
        Lifeline lifeline(end, "");
        auto lockstep = std::make_shared<Lockstep>(fd, std::vector<int>{0}, lifeline);
        Keeper(lifeline).hold_start_line();
        Seat seats[kCars] = {Seat(lockstep, 0), Seat(lockstep, 1)};
        for (Seat& seat : seats) seat.identify();
        State states[kCars];
        for (int tick = 0; tick < 10; ++tick) {
            for (int car = 0; car < kCars; ++car) seats[car].post(states[car]);
            for (int car = 0; car < kCars; ++car) {
                const Action action = *seats[car].collect();
                if (action.restart) Keeper::start_over();
                states[car].damage += static_cast<int>(action.accel);
                states[car].collision = states[car].damage % 2 == 0;
            }
        }
        seats[0].end(Farewell::shutdown);
        _exit(9);
    }

    // Whether the robot did as told; it has a second.
    Verdict tell(Command command, std::uint32_t argument = 1) {
        header->command = static_cast<std::uint32_t>(command);
        header->argument = argument;
        const std::uint32_t number = ++header->command_seq;
        bell->answered = kSleptOn;
        bell->pending = 1;
        ++bell->rings;
        futex_wake(bell->rings);
        const std::time_t end = std::time(nullptr) + 2;
        const timespec slice{0, 10'000'000};
        while (header->state_seq.load() != number) {
            if (std::time(nullptr) > end) throw check::Failure("the robot does not answer");
            futex_wait(bell->answered, kSleptOn, &slice);
        }
        return static_cast<Verdict>(header->verdict);
    }
    double value(const char* name, int car = 0) const {
        return rows[car * layout.telemetry.width + layout.telemetry.column(name, 1)] * (std::strcmp(name, "damage") ? 1 : 1e4);
    }
    void throttle(double car0, double car1) { controls[4] = car0, controls[6 + 4] = car1; }

    int fd, owner = -1;
    pid_t keeper = -1;
    Layout layout;
    SharedHeader* header = nullptr;
    Bell* bell = nullptr;
    double *rows = nullptr, *controls = nullptr;
};

bool refused(Verdict verdict) { return verdict == Verdict::refused; }

}  // namespace

TEST(all_cars_are_exchanged_once_a_step_of_any_ticks) {
    Client client;
    EQUAL(refused(client.tell(Command::drive)), true);  // nobody has asked for a race
    client.tell(Command::restart);
    EQUAL(client.value("damage"), 0);
    client.throttle(1, 3);
    client.tell(Command::drive);
    NEAR(client.value("damage"), 1, 1e-9);
    NEAR(client.value("damage", 1), 3, 1e-9);
    EQUAL(client.value("collision"), 0);
    client.tell(Command::drive, 2);
    NEAR(client.value("damage"), 3, 1e-9);
    EQUAL(client.value("collision"), 1);  // in the first of the two
    client.tell(Command::restart);
    EQUAL(client.value("damage"), 0);
}

TEST(a_kept_state_is_gone_on_from_as_often_as_wanted) {
    Client client;
    client.tell(Command::restart);
    client.throttle(1, 1);
    client.tell(Command::drive, 3);
    EQUAL(refused(client.tell(Command::save, 2)), false);
    EQUAL(refused(client.tell(Command::save, 2)), true);
    EQUAL(refused(client.tell(Command::save, 4)), true);
    for (int i = 0; i < 3; ++i) {
        client.tell(Command::drive, 2);
        NEAR(client.value("damage"), 5, 1e-9);
        EQUAL(refused(client.tell(Command::restore, 2)), false);
        NEAR(client.value("damage"), 3, 1e-9);
    }
    client.tell(Command::restart);
    EQUAL(refused(client.tell(Command::restore, 2)), false);
    NEAR(client.value("damage"), 3, 1e-9);
    EQUAL(refused(client.tell(Command::release, 2)), false);
    EQUAL(refused(client.tell(Command::release, 2)), true);
    EQUAL(refused(client.tell(Command::restore, 2)), true);
}

TEST(a_race_that_is_over_answers_until_it_is_restarted) {
    Client client;
    client.tell(Command::restart);
    client.tell(Command::save, 0);
    for (int i = 0; i < 3; ++i) {
        client.tell(Command::drive, 20);
        EQUAL(client.value("finished", 1), 1);
    }
    client.tell(Command::restore, 0);
    EQUAL(client.value("finished"), 0);
    client.tell(Command::drive, 20);
    client.tell(Command::restart);
    EQUAL(client.value("finished"), 0);
}

TEST(a_killed_driver_ends_keeper_and_kept_states) {
    Client client;
    client.tell(Command::restart);
    client.tell(Command::save, 0);
    kill(static_cast<pid_t>(client.header->driver), SIGKILL);
    char text[256];
    while (read(client.owner, text, sizeof text) > 0) {
    }  // the lifeline closes when the last of them has gone
    int status = 0;
    waitpid(client.keeper, &status, 0);
    EQUAL(WEXITSTATUS(status), 128 + SIGKILL);
}

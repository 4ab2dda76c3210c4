// SPDX-License-Identifier: GPL-2.0-or-later
#include "keeper.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "check.h"

using namespace racegym;

namespace {

// Runs a keeper in a process of its own; `race` drives each race. The owner's end of the lifeline is `owner`.
struct Kept {
    template <typename Race>
    explicit Kept(Race race, const std::string& directory = "") {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw check::Failure("no socket pair");
        owner = ends[0];
        pid = fork();
        if (pid == 0) {
            close(ends[0]);
            Lifeline lifeline(ends[1], directory);
            race(Keeper(lifeline).hold_start_line(), lifeline);
            _exit(0);
        }
        close(ends[1]);
    }
    ~Kept() { close(owner); }

    // Everything told over the lifeline until it ends.
    std::string told() const {
        std::string all;
        char text[256];
        for (ssize_t length; (length = read(owner, text, sizeof text)) > 0;)
            all.append(text, static_cast<std::size_t>(length));
        return all;
    }
    int status() const {
        int status = 0;
        waitpid(pid, &status, 0);
        return status;
    }

    int owner = -1;
    pid_t pid = -1;
};

}  // namespace

TEST(a_race_that_starts_over_is_sent_again_with_the_next_number) {
    const Kept kept([](unsigned race, Lifeline& lifeline) {
        lifeline.tell("race " + std::to_string(race));
        if (race < 3) Keeper::start_over();
    });
    EQUAL(kept.told(), "race 0\nrace 1\nrace 2\nrace 3\n");
    EQUAL(WEXITSTATUS(kept.status()), 0);
}

TEST(each_race_begins_with_the_memory_of_the_start_line) {
    int laps = 0;
    const Kept kept([&laps](unsigned race, Lifeline& lifeline) {
        lifeline.tell(std::to_string(++laps));
        if (race == 0) Keeper::start_over();
    });
    EQUAL(kept.told(), "1\n1\n");
    kept.status();
}

TEST(a_race_that_is_killed_ends_its_keeper) {
    const Kept kept([](unsigned, Lifeline&) { raise(SIGKILL); });
    EQUAL(kept.told(), "error the race ended by signal 9\n");
    EQUAL(WEXITSTATUS(kept.status()), 128 + SIGKILL);
}

TEST(a_race_that_ends_ends_its_keeper_with_its_code) {
    const Kept kept([](unsigned, Lifeline&) { _exit(3); });
    EQUAL(WEXITSTATUS(kept.status()), 3);
}

TEST(the_owners_end_is_the_races_end_and_removes_its_directory) {
    char path[] = "/tmp/racegym-keeper-XXXXXX";
    const std::string directory = mkdtemp(path);
    Kept kept([](unsigned, Lifeline& lifeline) {
        lifeline.tell("racing");
        pause();
    }, directory);
    char text[16];
    EQUAL(read(kept.owner, text, sizeof text), 7);
    shutdown(kept.owner, SHUT_RDWR);
    EQUAL(WEXITSTATUS(kept.status()), 0);
    EQUAL(std::filesystem::exists(directory), false);
}

TEST(a_killed_keeper_takes_its_race_along) {
    Kept kept([](unsigned, Lifeline& lifeline) {
        lifeline.tell("racing");
        pause();
    });
    char text[16];
    EQUAL(read(kept.owner, text, sizeof text), 7);
    kill(kept.pid, SIGKILL);
    kept.status();
    EQUAL(kept.told(), "");  // the lifeline closes only when the race has gone too
}

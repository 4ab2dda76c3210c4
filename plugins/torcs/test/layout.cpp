// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout.h"

#include "check.h"

using namespace racegym;

namespace {

std::string refusal(const std::string& text) {
    try {
        Layout layout(text);
    } catch (const LayoutError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(columns_are_found_by_name) {
    const Layout layout("telemetry 5\ntime 0 1\nposition 1 3\nspeed 4 1\ncontrols 2\nsteer 0 1\nbrake 1 1\n");
    EQUAL(layout.telemetry.width, 5);
    EQUAL(layout.telemetry.column("position", 3), 1);
    EQUAL(layout.controls.column("brake", 1), 1);
}

TEST(a_missing_or_missized_column_is_named) {
    const Layout layout("telemetry 4\nposition 1 3\ncontrols 0\n");
    for (const auto& [name, said] : {std::pair("speed", "no column speed"),
                                     std::pair("position", "position has 3 columns instead of 1")}) {
        std::string what;
        try {
            layout.telemetry.column(name, 1);
        } catch (const LayoutError& error) {
            what = error.what();
        }
        EQUAL(what, said);
    }
}

TEST(text_that_is_no_layout_is_refused) {
    EQUAL(refusal("hello\n"), "unreadable line 'hello'");
    EQUAL(refusal("time 0 1\n"), "line 'time 0 1' does not fit");
    EQUAL(refusal("telemetry 2\nposition 0 3\n"), "line 'position 0 3' does not fit");
    EQUAL(refusal("telemetry 2\nspeed 1\n"), "unreadable line 'speed 1'");
}

// SPDX-License-Identifier: GPL-2.0-or-later
// A screen that nobody sees: an X server of our own, which ends with the process that started it.
#ifndef RACEGYM_DISPLAY_H
#define RACEGYM_DISPLAY_H

#include <string>

#include "lifeline.h"

namespace racegym {

// Starts the program `xvfb` and waits for it; the name of its display, like `:3`. Ends the process if it does not come up.
std::string open_display(const std::string& xvfb, Lifeline& lifeline);

}  // namespace racegym

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// The columns of a shared row, as the client describes them in text: `telemetry <width>`, then a line
// `<name> <column> <size>` for each quantity, then `controls <width>` and theirs.
#ifndef RACEGYM_LAYOUT_H
#define RACEGYM_LAYOUT_H

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace racegym {

struct LayoutError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Layout {
public:
    struct Table {
        int width = 0;
        struct Column {
            int first = 0, size = 0;
        };
        std::map<std::string, Column, std::less<>> columns;

        // The first of `size` columns. Throws LayoutError when there is no such quantity, or one of another size.
        int column(std::string_view name, int size) const;
    };

    // Throws LayoutError for a text that is no layout, or whose columns do not fit its widths.
    explicit Layout(const std::string& text);

    Table telemetry, controls;
};

}  // namespace racegym

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout.h"

#include <sstream>

namespace racegym {

int Layout::Table::column(std::string_view name, int size) const {
    const auto found = columns.find(name);
    if (found == columns.end()) throw LayoutError("no column " + std::string(name));
    if (found->second.size == size) return found->second.first;
    throw LayoutError(std::string(name) + " has " + std::to_string(found->second.size) + " columns instead of " +
                      std::to_string(size));
}

Layout::Layout(const std::string& text) {
    std::istringstream lines(text);
    Table* table = nullptr;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        int first = 0, size = 0;
        if (!(words >> name >> first)) throw LayoutError("unreadable line '" + line + "'");
        if (words >> size) {
            if (table == nullptr || first < 0 || size < 1 || first + size > table->width)
                throw LayoutError("line '" + line + "' does not fit");
            table->columns[name] = {first, size};
        } else if (name == "telemetry" || name == "controls") {
            table = name == "telemetry" ? &telemetry : &controls;
            table->width = first;
        } else {
            throw LayoutError("unreadable line '" + line + "'");
        }
    }
}

}  // namespace racegym

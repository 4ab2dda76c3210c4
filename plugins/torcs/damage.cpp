// SPDX-License-Identifier: GPL-2.0-or-later
#include "damage.h"

#include <carstruct.h>

#include <cstddef>
#include <vector>

#include "engine.h"

namespace racegym::damage {
namespace {

bool pretended = false;
std::vector<int> points;  // by the car's index

tCar* in_simulator(const tCarElt& car) {
    auto* const table = static_cast<tCar**>(engine::simulator_symbol("SimCarTable"));
    tCar* const found = table == nullptr || *table == nullptr ? nullptr : *table + car.index;
    return found != nullptr && found->carElt == &car ? found : nullptr;
}

}  // namespace

void pretend(bool wanted) { pretended = wanted; }

void end() {
    pretended = false;
    points.clear();
}

int shown(const tCarElt& car) {
    const auto index = static_cast<std::size_t>(car.index);
    return car._dammage + (index < points.size() ? points[index] : 0);
}

void after_step(tSituation* s) {
    if (!pretended) return;
    points.resize(static_cast<std::size_t>(s->_ncars));
    for (int i = 0; i < s->_ncars; ++i) {
        tCarElt& car = *s->cars[i];
        if (car._dammage == 0) continue;
        points[static_cast<std::size_t>(car.index)] += car._dammage;
        if (tCar* const simulated = in_simulator(car)) simulated->dammage = 0;
        car._dammage = 0;
    }
}

}  // namespace racegym::damage

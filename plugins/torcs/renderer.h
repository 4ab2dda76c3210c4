// SPDX-License-Identifier: GPL-2.0-or-later
// TORCS's own graphics module, loaded into a process that only renders. Nothing of it is patched; what it does not
// export is reached by the layout that its classes have in 1.3.7.
#ifndef RACEGYM_RENDERER_H
#define RACEGYM_RENDERER_H

#include <raceman.h>

#include <vector>

#include "camera.h"
#include "lifeline.h"

namespace racegym {

class Renderer {
public:
    // Opens the window on $DISPLAY and loads track and cars. Ends the process if that cannot be.
    Renderer(CameraHeader& header, tSituation* situation, Lifeline& lifeline);

    // Draws the situation as `car` sees it, into `pixels`: rows top-down, red green blue.
    void film(tCarElt* car, unsigned char* pixels);

    // Brings what was drawn last before people, if they watch.
    void show();

    // Hears keys and the close button, if people watch.
    void serve_window();

private:
    CameraHeader& header_;
    tSituation* situation_;
    tGraphicItf graphics_{};
    std::vector<unsigned char> bottom_up_;
};

}  // namespace racegym

#endif

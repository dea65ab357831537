/*
 * Pictures of the demo shop: a shape in a colour, drawn as SVG when asked for.
 */
#ifndef SOUK_DEMO_PICTURE_H
#define SOUK_DEMO_PICTURE_H

#include "base/text.h"

/* Draw "mug-indigo". False, with nothing drawn, when there is no such shape or colour. */
bool picture_draw(struct text name, struct buffer *out);

#endif

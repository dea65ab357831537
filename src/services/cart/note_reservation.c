/*
 * cart.note_reservation: note which of the cart's units are held, and until when. A cart that is a checkout's or an order by now has nothing
 * to note: what it held went there.
 */
#include "services/cart/cart_internal.h"

enum result cart_note_reservation(struct context *context, const Cart__NoteReservationRequest *request,
                                  Cart__StoredCart *answer)
{
    Cart__ReservationNoted noted = CART__RESERVATION_NOTED__INIT;
    enum result result = stored_cart_read(context, request->cart, answer);

    if (result)
        return result;
    if (stored_cart_changeable(answer) != RESULT_OK)
        return RESULT_OK;

    noted.hold = request->hold;
    cart_emit_reservation_noted(context, request->cart, &noted);
    stored_cart_find(context->tx, request->cart, answer);
    return RESULT_OK;
}

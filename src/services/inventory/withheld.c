/*
 * Which SKUs strangers get no answer about, from the catalogue: see services/withheld.h.
 */
#include "services/withheld.h"

#include "services/inventory/inventory_internal.h"

void inventory_project_product_created(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    withheld_note(tx, event->key, ((const Catalog__ProductCreated *)data)->product, "stock");
}

void inventory_project_product_updated(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    withheld_note(tx, event->key, ((const Catalog__ProductUpdated *)data)->product, "stock");
}

void inventory_project_product_deleted(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    (void)data;
    withheld_forget(tx, event->key, "stock");
}

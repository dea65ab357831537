/*
 * Links: where a resource is, what belongs to it, and what can be done with it now.
 *
 * Made once, at start, from the declarations: for each resource the parts of its hrefs, so that writing them is copying. A link is there
 * only for those who may follow it, an action only while its `when` holds.
 */
#ifndef SOUK_REST_LINKS_H
#define SOUK_REST_LINKS_H

#include "base/json_write.h"
#include "gateways/rest/route.h"

/* An address with holes that a message fills. */
struct href {
    struct href_part {
        struct text before;       /* as it is, then … */
        struct message_path from; /* … a value of the message, percent-encoded; depth 0: nothing */
    } parts[LIMIT_ROUTE_VARIABLES + 1];
    size_t part_count;
    struct href_query {
        const char *name; /* left out where the message has no value */
        struct message_path from;
    } query[LIMIT_ROUTE_VARIABLES];
    size_t query_count;
};

/* "skus=variants.sku": the request's field, and where its values come from. */
struct link_binding {
    struct field to;
    struct message_path from;
};

/* "status=placed|paid": there is such a value. "obstacles=": there is none at all. */
struct link_condition {
    struct message_path path;
    struct text values; /* "placed|paid" */
};

struct resource_link {
    const struct link_declaration *declaration;
    ProtobufCService *service; /* of the operation behind it */
    struct link_binding bindings[LIMIT_LINK_BINDINGS];
    size_t binding_count;
    struct field items;          /* of the operation's answer, when that is a list */
    struct message_path match_item;     /* in an item: whose it is … */
    struct message_path match_resource; /* … and the same in the resource; both with depth 0: for one resource at a time */
    struct href href;
    const char *verb; /* of an action; NULL for what is read */
    unsigned scope;   /* 0: everyone */
    struct link_condition conditions[LIMIT_LINK_CONDITIONS]; /* all of them hold, or the link is not there */
    size_t condition_count;
};

struct resource {
    const struct message_declaration *message;
    bool has_self;
    struct href self;
    struct field version;
    struct message_path key; /* of its cache tag: what its self link is filled with, or `id` */
    struct resource_link *links;
    size_t link_count;
};

/* Every resource of the services in the directory. */
struct resource_table;
struct resource_table *resource_table_new(const struct service_declaration *const *services, size_t service_count,
                                          const struct directory *directory);
void resource_table_free(struct resource_table *table);
/* NULL for messages that are no resources. */
const struct resource *resource_find(const struct resource_table *table, const struct message_declaration *message);

/* Characters that need no escaping in JSON or in a header. */
void href_write(const struct href *href, const ProtobufCMessage *message, struct buffer *out);
/* Whether the link is to be shown to that actor now. */
bool link_is_open(const struct resource_link *link, const ProtobufCMessage *message, const struct actor *actor);
/* "_links": {…} */
void links_write(const struct resource *resource, const ProtobufCMessage *message, const struct actor *actor,
                 struct json_writer *json);

#endif

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-limit-info.h"

#include "values/dms-value-private.h"

/**
 * DmsLimitInfo:
 *
 * One limit of a transport and how much of it is used (after the resource manager of go-libp2p). Immutable
 * and counted.
 */
struct _DmsLimitInfo
{
  char *scope;
  char *name;
  char *resource;
  guint64 used;
  guint64 limit;
  guint64 peak;
  guint64 refused;
};

G_DEFINE_BOXED_TYPE (DmsLimitInfo, dms_limit_info, dms_limit_info_ref, dms_limit_info_unref)

static char *
dms_limit_info_read_needed (DmsValueReader *reader, const char *member)
{
  const char *text = dms_value_reader_get_text (reader, member);

  if (text == NULL)
    dms_value_reader_fail (reader, member, "is missing");
  return g_strdup (text);
}

/**
 * dms_limit_info_new:
 * @scope: what it limits: `system`, `transient`, `peer`, `ip` or `protocol`; a transport may have others
 * @name: (nullable): which peer, IP or protocol; %NULL where there is only one of the scope
 * @resource: `memory` (in bytes), `descriptors`, `connections-inbound`, `streams-outbound` and the like
 * @used: how much is in use
 * @limit: how much there is
 * @peak: the most that was in use at once
 * @refused: how often something was refused because of it
 *
 * Makes a value. Amounts above 2^63 - 1 are taken for that.
 *
 * Returns: (transfer full): the value
 */
DmsLimitInfo *
dms_limit_info_new (const char *scope,
                    const char *name,
                    const char *resource,
                    guint64 used,
                    guint64 limit,
                    guint64 peak,
                    guint64 refused)
{
  DmsLimitInfo *self = NULL;

  g_return_val_if_fail (scope != NULL, NULL);
  g_return_val_if_fail (resource != NULL, NULL);

  self = g_atomic_rc_box_new0 (DmsLimitInfo);
  self->scope = g_strdup (scope);
  self->name = name != NULL && name[0] != '\0' ? g_strdup (name) : NULL;
  self->resource = g_strdup (resource);
  self->used = MIN (used, (guint64) G_MAXINT64);
  self->limit = MIN (limit, (guint64) G_MAXINT64);
  self->peak = MIN (peak, (guint64) G_MAXINT64);
  self->refused = MIN (refused, (guint64) G_MAXINT64);
  return self;
}

/**
 * dms_limit_info_get_scope:
 * @self: a limit info
 *
 * Returns: (transfer none): what it limits: `system`, `transient`, `peer`, `ip` or `protocol`; a transport
 * may have others
 */
const char *
dms_limit_info_get_scope (DmsLimitInfo *self)
{
  return self->scope;
}

/**
 * dms_limit_info_get_name:
 * @self: a limit info
 *
 * Returns: (transfer none) (nullable): which peer, IP or protocol; %NULL where there is only one of the scope
 */
const char *
dms_limit_info_get_name (DmsLimitInfo *self)
{
  return self->name;
}

/**
 * dms_limit_info_get_resource:
 * @self: a limit info
 *
 * Returns: (transfer none): `memory` (in bytes), `descriptors`, `connections-inbound`, `streams-outbound` and
 *   the like
 */
const char *
dms_limit_info_get_resource (DmsLimitInfo *self)
{
  return self->resource;
}

/**
 * dms_limit_info_get_used:
 * @self: a limit info
 *
 * Returns: how much is in use
 */
guint64
dms_limit_info_get_used (DmsLimitInfo *self)
{
  return self->used;
}

/**
 * dms_limit_info_get_limit:
 * @self: a limit info
 *
 * Returns: how much there is
 */
guint64
dms_limit_info_get_limit (DmsLimitInfo *self)
{
  return self->limit;
}

/**
 * dms_limit_info_get_peak:
 * @self: a limit info
 *
 * Returns: the most that was in use at once
 */
guint64
dms_limit_info_get_peak (DmsLimitInfo *self)
{
  return self->peak;
}

/**
 * dms_limit_info_get_refused:
 * @self: a limit info
 *
 * Returns: how often something was refused because of it
 */
guint64
dms_limit_info_get_refused (DmsLimitInfo *self)
{
  return self->refused;
}

/**
 * dms_limit_info_new_from_json:
 * @node: (nullable): `{scope, name, resource, used, limit, peak, refused}`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsLimitInfo *
dms_limit_info_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsLimitInfo) self = g_atomic_rc_box_new0 (DmsLimitInfo);

  dms_value_reader_open (&reader, node, "limit info");
  self->scope = dms_limit_info_read_needed (&reader, "scope");
  self->name = g_strdup (dms_value_reader_get_text (&reader, "name"));
  self->resource = dms_limit_info_read_needed (&reader, "resource");
  self->used = dms_value_reader_get_uint (&reader, "used", G_MAXINT64);
  self->limit = dms_value_reader_get_uint (&reader, "limit", G_MAXINT64);
  self->peak = dms_value_reader_get_uint (&reader, "peak", G_MAXINT64);
  self->refused = dms_value_reader_get_uint (&reader, "refused", G_MAXINT64);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_limit_info_to_json:
 * @self: a limit info
 *
 * Returns: (transfer full): `{scope, name, resource, used, limit, peak, refused}`; `name` is left out when
 *   there is none
 */
JsonNode *
dms_limit_info_to_json (DmsLimitInfo *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "scope", self->scope);
  dms_value_set_text (object, "name", self->name);
  json_object_set_string_member (object, "resource", self->resource);
  json_object_set_int_member (object, "used", (gint64) self->used);
  json_object_set_int_member (object, "limit", (gint64) self->limit);
  json_object_set_int_member (object, "peak", (gint64) self->peak);
  json_object_set_int_member (object, "refused", (gint64) self->refused);
  return dms_value_take_object (object);
}

/**
 * dms_limit_info_ref:
 * @self: a limit info
 *
 * Returns: (transfer full): @self
 */
DmsLimitInfo *
dms_limit_info_ref (DmsLimitInfo *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_limit_info_clear (gpointer data)
{
  DmsLimitInfo *self = data;

  g_free (self->scope);
  g_free (self->name);
  g_free (self->resource);
}

/**
 * dms_limit_info_unref:
 * @self: (transfer full): a limit info
 *
 * Gives up a reference.
 */
void
dms_limit_info_unref (DmsLimitInfo *self)
{
  g_atomic_rc_box_release_full (self, dms_limit_info_clear);
}

/**
 * dms_limit_info_equal:
 * @a: a limit info
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_limit_info_equal (DmsLimitInfo *a, DmsLimitInfo *b)
{
  return g_str_equal (a->scope, b->scope) && g_strcmp0 (a->name, b->name) == 0 &&
         g_str_equal (a->resource, b->resource) && a->used == b->used && a->limit == b->limit &&
         a->peak == b->peak && a->refused == b->refused;
}

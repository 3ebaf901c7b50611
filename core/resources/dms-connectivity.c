/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-connectivity.h"

#include "common/dms-json-object.h"

enum
{
  MAX_PORTS = 1024,
};

struct _DmsConnectivity
{
  /* (element-type guint16): each once, by their size */
  GArray *ports;
  gboolean vpn;
};

G_DEFINE_BOXED_TYPE (DmsConnectivity, dms_connectivity, dms_connectivity_ref, dms_connectivity_unref)

static int
compare_ports (gconstpointer a, gconstpointer b)
{
  return (int) *(const guint16 *) a - (int) *(const guint16 *) b;
}

DmsConnectivity *
dms_connectivity_new (const guint16 *ports, guint n_ports, gboolean vpn)
{
  DmsConnectivity *self = g_atomic_rc_box_new0 (DmsConnectivity);
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (guint16));

  if (n_ports > 0)
    g_array_append_vals (sorted, ports, n_ports);
  g_array_sort (sorted, compare_ports);
  self->ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  for (guint i = 0; i < n_ports; i++)
    {
      guint16 port = g_array_index (sorted, guint16, i);

      if (i == 0 || port != g_array_index (sorted, guint16, i - 1))
        g_array_append_val (self->ports, port);
    }
  self->vpn = vpn;
  return self;
}

guint
dms_connectivity_get_n_ports (DmsConnectivity *self)
{
  return self->ports->len;
}

guint16
dms_connectivity_get_port (DmsConnectivity *self, guint index)
{
  return g_array_index (self->ports, guint16, index);
}

gboolean
dms_connectivity_has_port (DmsConnectivity *self, guint16 port)
{
  return g_array_binary_search (self->ports, &port, compare_ports, NULL);
}

gboolean
dms_connectivity_get_vpn (DmsConnectivity *self)
{
  return self->vpn;
}

DmsConnectivity *
dms_connectivity_new_from_json (JsonNode *node, GError **error)
{
  JsonObject *object = dms_json_node_get_child (node);
  JsonArray *list = dms_json_object_get_list (object, "ports");
  guint n = list != NULL ? json_array_get_length (list) : 0;
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint16));

  for (guint i = 0; i < n && n <= MAX_PORTS; i++)
    {
      JsonNode *item = json_array_get_element (list, i);
      gint64 number = JSON_NODE_HOLDS_VALUE (item) && json_node_get_value_type (item) == G_TYPE_INT64
                          ? json_node_get_int (item)
                          : 0;
      guint16 port = (guint16) number;

      if (number >= 1 && number <= G_MAXUINT16)
        g_array_append_val (ports, port);
    }
  if (object == NULL || n > MAX_PORTS || ports->len != n)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "connectivity must be an object with at most %d ports, from 1 to 65535",
                   MAX_PORTS);
      return NULL;
    }
  return dms_connectivity_new (
      (guint16 *) (void *) ports->data, ports->len, dms_json_object_get_flag (object, "vpn"));
}

JsonNode *
dms_connectivity_to_json (DmsConnectivity *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < self->ports->len; i++)
    json_array_add_int_element (list, dms_connectivity_get_port (self, i));
  json_object_set_array_member (object, "ports", list);
  json_object_set_boolean_member (object, "vpn", self->vpn);
  json_node_take_object (node, object);
  return node;
}

gboolean
dms_connectivity_equal (DmsConnectivity *a, DmsConnectivity *b)
{
  gboolean equal = a->vpn == b->vpn && a->ports->len == b->ports->len;

  for (guint i = 0; equal && i < a->ports->len; i++)
    equal = dms_connectivity_get_port (a, i) == dms_connectivity_get_port (b, i);
  return equal;
}

DmsConnectivity *
dms_connectivity_ref (DmsConnectivity *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsConnectivity *self = data;

  g_array_unref (self->ports);
}

void
dms_connectivity_unref (DmsConnectivity *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-ensemble-diff.h"

#include <string.h>

enum
{
  /* A value that is longer is not shown. */
  MAX_SHOWN = 100,
};

typedef struct
{
  GPtrArray *changes;
  const char *subject;
  const char *name;
} Differ;

static void
change_free (gpointer data)
{
  DmsEnsembleChange *change = data;

  g_free (change->name);
  g_free (change->member);
  g_free (change->before);
  g_free (change->after);
  g_free (change);
}

static DmsEnsembleChange *
add_change (GPtrArray *changes, const char *kind, const char *subject, const char *name, const char *member)
{
  DmsEnsembleChange *change = g_new0 (DmsEnsembleChange, 1);

  change->kind = kind;
  change->subject = subject;
  change->name = g_strdup (name);
  change->member = g_strdup (member);
  g_ptr_array_add (changes, change);
  return change;
}

/* Values of variables, files and scripts may be secrets. */
static gboolean
may_be_secret (const char *member)
{
  return strstr (member, "environment") != NULL || strstr (member, "keys") != NULL ||
         strstr (member, "scripts") != NULL || strstr (member, "client_") != NULL ||
         strstr (member, "mmds_message") != NULL;
}

static char *
show (JsonNode *node)
{
  g_autofree char *text = node == NULL ? NULL : json_to_string (node, FALSE);

  if (text == NULL)
    return NULL;
  return strlen (text) <= MAX_SHOWN ? g_steal_pointer (&text) : g_strdup ("…");
}

static void
note (Differ *self, const char *member, JsonNode *before, JsonNode *after)
{
  DmsEnsembleChange *change = add_change (self->changes, "change", self->subject, self->name, member);

  if (may_be_secret (member))
    return;
  change->before = show (before);
  change->after = show (after);
}

static void compare (Differ *self, const char *member, JsonNode *before, JsonNode *after);

static void
compare_objects (Differ *self, const char *member, JsonObject *before, JsonObject *after)
{
  g_autoptr (GList) names = json_object_get_members (before);
  g_autoptr (GList) others = json_object_get_members (after);

  for (GList *l = names; l != NULL; l = l->next)
    {
      g_autofree char *path =
          g_strdup_printf ("%s%s%s", member, *member == '\0' ? "" : ".", (char *) l->data);

      compare (self,
               path,
               json_object_get_member (before, l->data),
               json_object_has_member (after, l->data) ? json_object_get_member (after, l->data) : NULL);
    }
  for (GList *l = others; l != NULL; l = l->next)
    {
      g_autofree char *path =
          g_strdup_printf ("%s%s%s", member, *member == '\0' ? "" : ".", (char *) l->data);

      if (!json_object_has_member (before, l->data))
        compare (self, path, NULL, json_object_get_member (after, l->data));
    }
}

/* (element-type utf8 utf8): `KEY=VALUE` of each item of a list */
static GHashTable *
index_variables (JsonNode *node, GPtrArray *order)
{
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      const char *text = json_array_get_string_element (array, i);
      const char *equals = text == NULL ? NULL : strchr (text, '=');
      char *name;

      if (equals == NULL)
        continue;
      name = g_strndup (text, (gsize) (equals - text));
      if (!g_hash_table_contains (values, name))
        g_ptr_array_add (order, g_strdup (name));
      g_hash_table_replace (values, name, g_strdup (equals + 1));
    }
  return values;
}

static void
compare_variables (Differ *self, const char *member, JsonNode *before, JsonNode *after)
{
  g_autoptr (GPtrArray) order = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) old = index_variables (before, order);
  g_autoptr (GHashTable) new = index_variables (after, order);

  for (guint i = 0; i < order->len; i++)
    {
      const char *name = order->pdata[i];
      const char *was = g_hash_table_lookup (old, name);
      const char *is = g_hash_table_lookup (new, name);
      g_autofree char *path = g_strdup_printf ("%s.%s", member, name);

      if (!g_hash_table_add (seen, (gpointer) name) || g_strcmp0 (was, is) == 0)
        continue;
      add_change (self->changes, "change", self->subject, self->name, path);
    }
}

static void
compare (Differ *self, const char *member, JsonNode *before, JsonNode *after)
{
  if (before != NULL && after != NULL && json_node_equal (before, after))
    return;
  if (g_str_has_suffix (member, ".environment"))
    compare_variables (self, member, before, after);
  else if (before != NULL && after != NULL && JSON_NODE_HOLDS_OBJECT (before) &&
           JSON_NODE_HOLDS_OBJECT (after))
    compare_objects (self, member, json_node_get_object (before), json_node_get_object (after));
  else
    note (self, member, before, after);
}

static const char *
node_name_of (DmsEnsemble *ensemble, const char *allocation)
{
  DmsNodeConfig *node = dms_ensemble_find_node_of (ensemble, allocation);

  return node == NULL ? NULL : dms_node_config_get_name (node);
}

static void
compare_allocations (GPtrArray *changes, DmsEnsemble *before, DmsEnsemble *after)
{
  GPtrArray *old = dms_ensemble_get_allocations (before);
  GPtrArray *new = dms_ensemble_get_allocations (after);

  for (guint i = 0; i < old->len; i++)
    {
      const char *name = dms_allocation_config_get_name (old->pdata[i]);
      DmsAllocationConfig *now = dms_ensemble_find_allocation (after, name);
      Differ differ = { changes, "allocation", name };
      g_autoptr (JsonNode) was = NULL;
      g_autoptr (JsonNode) is = NULL;

      if (now == NULL)
        {
          add_change (changes, "remove", "allocation", name, NULL)->before =
              g_strdup (node_name_of (before, name));
          continue;
        }
      if (g_strcmp0 (node_name_of (before, name), node_name_of (after, name)) != 0)
        {
          DmsEnsembleChange *move = add_change (changes, "move", "allocation", name, NULL);

          move->before = g_strdup (node_name_of (before, name));
          move->after = g_strdup (node_name_of (after, name));
        }
      was = dms_allocation_config_to_json (old->pdata[i]);
      is = dms_allocation_config_to_json (now);
      compare (&differ, "", was, is);
    }
  for (guint i = 0; i < new->len; i++)
    {
      const char *name = dms_allocation_config_get_name (new->pdata[i]);

      if (dms_ensemble_find_allocation (before, name) == NULL)
        add_change (changes, "add", "allocation", name, NULL)->after = g_strdup (node_name_of (after, name));
    }
}

static void
compare_nodes (GPtrArray *changes, DmsEnsemble *before, DmsEnsemble *after)
{
  GPtrArray *old = dms_ensemble_get_nodes (before);
  GPtrArray *new = dms_ensemble_get_nodes (after);

  for (guint i = 0; i < old->len; i++)
    {
      const char *name = dms_node_config_get_name (old->pdata[i]);
      DmsNodeConfig *now = dms_ensemble_find_node (after, name);
      Differ differ = { changes, "node", name };
      g_autoptr (JsonNode) was = NULL;
      g_autoptr (JsonNode) is = NULL;

      if (now == NULL)
        {
          add_change (changes, "remove", "node", name, NULL);
          continue;
        }
      if (dms_node_config_get_peer (now) != NULL &&
          g_strcmp0 (dms_node_config_get_peer (old->pdata[i]), dms_node_config_get_peer (now)) != 0)
        {
          DmsEnsembleChange *move = add_change (changes, "move", "node", name, NULL);

          move->before = g_strdup (dms_node_config_get_peer (old->pdata[i]));
          move->after = g_strdup (dms_node_config_get_peer (now));
        }
      was = dms_node_config_to_json (old->pdata[i]);
      is = dms_node_config_to_json (now);
      /* Which allocations are on it is told of the allocations, and its peer was told just now. */
      json_object_remove_member (json_node_get_object (was), "allocations");
      json_object_remove_member (json_node_get_object (is), "allocations");
      if (dms_node_config_get_peer (now) != NULL)
        {
          json_object_remove_member (json_node_get_object (was), "peer");
          json_object_remove_member (json_node_get_object (is), "peer");
        }
      compare (&differ, "", was, is);
    }
  for (guint i = 0; i < new->len; i++)
    {
      if (dms_ensemble_find_node (before, dms_node_config_get_name (new->pdata[i])) == NULL)
        add_change (changes, "add", "node", dms_node_config_get_name (new->pdata[i]), NULL);
    }
}

/* The same link is the same, from whichever end it is written. */
static char *
name_edge (DmsEdge *edge)
{
  const char *a = dms_edge_get_source (edge);
  const char *b = dms_edge_get_target (edge);

  return strcmp (a, b) < 0 ? g_strdup_printf ("%s–%s", a, b) : g_strdup_printf ("%s–%s", b, a);
}

/* name → DmsEdge */
static GHashTable *
index_edges (GPtrArray *edges)
{
  GHashTable *by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < edges->len; i++)
    g_hash_table_replace (by_name, name_edge (edges->pdata[i]), edges->pdata[i]);
  return by_name;
}

static void
compare_edges (GPtrArray *changes, GPtrArray *old, GPtrArray *new)
{
  g_autoptr (GHashTable) old_names = index_edges (old);
  g_autoptr (GHashTable) new_names = index_edges (new);

  for (guint i = 0; i < old->len; i++)
    {
      g_autofree char *name = name_edge (old->pdata[i]);
      DmsEdge *now = g_hash_table_lookup (new_names, name);

      if (now == NULL)
        add_change (changes, "remove", "edge", name, NULL);
      else if (dms_edge_get_rtt_ms (now) != dms_edge_get_rtt_ms (old->pdata[i]) ||
               dms_edge_get_bandwidth (now) != dms_edge_get_bandwidth (old->pdata[i]))
        {
          DmsEnsembleChange *change = add_change (changes, "change", "edge", name, "rtt, bw");

          change->before = g_strdup_printf ("%u ms, %" G_GUINT64_FORMAT " bit/s",
                                            dms_edge_get_rtt_ms (old->pdata[i]),
                                            dms_edge_get_bandwidth (old->pdata[i]));
          change->after = g_strdup_printf (
              "%u ms, %" G_GUINT64_FORMAT " bit/s", dms_edge_get_rtt_ms (now), dms_edge_get_bandwidth (now));
        }
    }
  for (guint i = 0; i < new->len; i++)
    {
      g_autofree char *name = name_edge (new->pdata[i]);

      if (!g_hash_table_contains (old_names, name))
        add_change (changes, "add", "edge", name, NULL);
    }
}

static JsonNode *
dup_rest (DmsEnsemble *ensemble)
{
  static const char *const told[] = { "allocations", "nodes", "edges" };
  JsonNode *json = dms_ensemble_to_json (ensemble);
  JsonObject *object = json_object_get_object_member (json_node_get_object (json), "v1");

  for (guint i = 0; object != NULL && i < G_N_ELEMENTS (told); i++)
    json_object_remove_member (object, told[i]);
  return json;
}

GPtrArray *
dms_ensemble_diff (DmsEnsemble *before, DmsEnsemble *after)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func (change_free);
  g_autoptr (JsonNode) was = dup_rest (before);
  g_autoptr (JsonNode) is = dup_rest (after);
  Differ differ = { changes, "ensemble", NULL };

  compare_nodes (changes, before, after);
  compare_allocations (changes, before, after);
  compare_edges (changes, dms_ensemble_get_edges (before), dms_ensemble_get_edges (after));
  compare (&differ,
           "",
           json_object_get_member (json_node_get_object (was), "v1"),
           json_object_get_member (json_node_get_object (is), "v1"));
  return changes;
}

JsonNode *
dms_ensemble_diff_to_json (GPtrArray *changes)
{
  g_autoptr (JsonArray) list = json_array_new ();
  JsonNode *node;

  for (guint i = 0; i < changes->len; i++)
    {
      const DmsEnsembleChange *change = changes->pdata[i];
      JsonObject *item = json_object_new ();

      json_object_set_string_member (item, "kind", change->kind);
      json_object_set_string_member (item, "subject", change->subject);
      json_object_set_string_member (item, "name", change->name != NULL ? change->name : "");
      json_object_set_string_member (item, "member", change->member != NULL ? change->member : "");
      json_object_set_string_member (item, "before", change->before != NULL ? change->before : "");
      json_object_set_string_member (item, "after", change->after != NULL ? change->after : "");
      json_array_add_object_element (list, item);
    }
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_set_array (node, list);
  return node;
}

char *
dms_ensemble_change_to_text (DmsEnsembleChange *self)
{
  g_autofree char *subject =
      self->name != NULL ? g_strdup_printf ("%s %s", self->subject, self->name) : g_strdup (self->subject);

  if (strcmp (self->kind, "add") == 0)
    return self->after != NULL ? g_strdup_printf ("+ %s, on node %s", subject, self->after)
                               : g_strdup_printf ("+ %s", subject);
  if (strcmp (self->kind, "remove") == 0)
    return self->before != NULL ? g_strdup_printf ("- %s, from node %s", subject, self->before)
                                : g_strdup_printf ("- %s", subject);
  if (strcmp (self->kind, "move") == 0)
    return g_strdup_printf ("> %s: from %s to %s",
                            subject,
                            self->before != NULL ? self->before : "anywhere",
                            self->after != NULL ? self->after : "nowhere");
  if (self->before == NULL && self->after == NULL)
    return g_strdup_printf ("~ %s: %s", subject, self->member);
  return g_strdup_printf ("~ %s: %s: %s → %s",
                          subject,
                          self->member,
                          self->before != NULL ? self->before : "unset",
                          self->after != NULL ? self->after : "unset");
}

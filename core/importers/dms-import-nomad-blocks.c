/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-nomad-private.h"

#include "importers/dms-import-text.h"

#include <string.h>

/* What the two forms of a Nomad job have in common. */

enum
{
  MAX_BLOCKS = 1000,
  /* Of a variable; so far its end is looked for. */
  MAX_NAME_BYTES = 256,
};

static void
block_free (gpointer data)
{
  DmsImportNomadBlock *block = data;

  g_free (block->name);
  dms_import_reader_unref (block->reader);
  g_free (block);
}

const char *
dms_import_nomad_key (DmsImportReader *reader, const char *api, const char *hcl)
{
  DmsJobNode *node = dms_import_reader_get_node (reader);

  return dms_job_node_get (node, api) == NULL && hcl != NULL && dms_job_node_get (node, hcl) != NULL ? hcl
                                                                                                     : api;
}

char *
dms_import_nomad_dup_text (DmsImportReader *reader, const char *api, const char *hcl)
{
  g_autofree char *text = dms_import_reader_dup_text (reader, dms_import_nomad_key (reader, api, hcl));

  return text != NULL && *text != '\0' ? g_steal_pointer (&text) : NULL;
}

/* Nomad's own interface writes out what was not set. */
static gboolean
says_nothing (DmsJobNode *node)
{
  static const char *const nothing[] = { "", "0", "false", "null", NULL };

  return dms_job_node_is_scalar (node) ? g_strv_contains (nothing, dms_job_node_get_text (node))
                                       : dms_job_node_get_n_items (node) == 0;
}

gboolean
dms_import_nomad_has (DmsImportReader *reader, const char *api, const char *hcl)
{
  DmsJobNode *node = dms_import_reader_get (reader, dms_import_nomad_key (reader, api, hcl));

  return node != NULL && !says_nothing (node);
}

void
dms_import_nomad_finish (DmsImportReader *reader)
{
  DmsJobNode *node = dms_import_reader_get_node (reader);

  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      if (says_nothing (dms_job_node_get_item (node, i)))
        dms_import_reader_pass (reader, dms_job_node_get_key (node, i));
    }
  dms_import_reader_finish (reader);
}

void
dms_import_nomad_remark (DmsImportReader *reader,
                         const char *api,
                         const char *hcl,
                         DmsImportFate fate,
                         const char *text)
{
  const char *key = dms_import_nomad_key (reader, api, hcl);

  if (dms_import_nomad_has (reader, api, hcl))
    dms_import_reader_note (reader, key, fate, "%s", text);
  else
    dms_import_reader_pass (reader, key);
}

/* A single block may stand in a list of one. */
DmsImportReader *
dms_import_nomad_open (DmsImportReader *reader, const char *api, const char *hcl)
{
  const char *key = dms_import_nomad_key (reader, api, hcl);
  DmsJobNode *node = dms_import_reader_get (reader, key);

  if (node == NULL)
    return NULL;
  if (dms_job_node_get_kind (node) != DMS_JOB_NODE_LIST)
    return dms_import_reader_open (reader, key);
  dms_import_reader_pass (reader, key);
  if (dms_job_node_get_n_items (node) == 0)
    return NULL;
  if (dms_job_node_get_n_items (node) > 1)
    dms_import_reader_note (reader, key, DMS_IMPORT_IMPOSSIBLE, "there can be one; the first was taken");
  return dms_import_reader_open_item (reader, key, dms_job_node_get_item (node, 0), "[0]");
}

static void
add_block (GPtrArray *blocks,
           DmsImportReader *reader,
           const char *key,
           DmsJobNode *node,
           const char *name,
           const char *suffix)
{
  DmsImportReader *inner;
  DmsImportNomadBlock *block;

  if (blocks->len >= MAX_BLOCKS)
    {
      dms_import_reader_note (reader, key, DMS_IMPORT_IMPOSSIBLE, "only the first %d were taken", MAX_BLOCKS);
      return;
    }
  inner = dms_import_reader_open_item (reader, key, node, suffix);
  if (inner == NULL)
    return;
  block = g_new0 (DmsImportNomadBlock, 1);
  block->name = g_strdup (name != NULL ? name : "");
  block->reader = inner;
  g_ptr_array_add (blocks, block);
}

/* `{"web": {…}, "db": [{…}]}` */
static void
add_labelled (GPtrArray *blocks, DmsImportReader *reader, const char *key, DmsJobNode *map)
{
  for (guint i = 0; i < dms_job_node_get_n_items (map); i++)
    {
      const char *label = dms_job_node_get_key (map, i);
      DmsJobNode *item = dms_job_node_get_item (map, i);
      gboolean is_list = dms_job_node_get_kind (item) == DMS_JOB_NODE_LIST;

      for (guint j = 0; is_list && j < dms_job_node_get_n_items (item); j++)
        add_block (blocks, reader, key, dms_job_node_get_item (item, j), label, label);
      if (!is_list)
        add_block (blocks, reader, key, item, label, label);
    }
}

GPtrArray *
dms_import_nomad_list (DmsImportReader *reader, const char *api, const char *hcl, gboolean labelled)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func (block_free);
  gboolean is_api = dms_job_node_get (dms_import_reader_get_node (reader), api) != NULL;
  const char *key = dms_import_nomad_key (reader, api, hcl);
  DmsJobNode *node = dms_import_reader_get (reader, key);

  if (node == NULL)
    return blocks;
  dms_import_reader_pass (reader, key);
  if (dms_job_node_get_kind (node) == DMS_JOB_NODE_MAP)
    {
      if (labelled)
        add_labelled (blocks, reader, key, node);
      else
        add_block (blocks, reader, key, node, NULL, "[0]");
      return blocks;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (node); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (node, i);
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      DmsJobNode *name = dms_job_node_get (item, "Name");

      if (labelled && !is_api && dms_job_node_get_kind (item) == DMS_JOB_NODE_MAP)
        add_labelled (blocks, reader, key, item);
      else
        add_block (blocks, reader, key, item, name != NULL ? dms_job_node_get_text (name) : NULL, suffix);
    }
  return blocks;
}

static const char *
value_of (DmsImportNomadGroup *group, const char *task, const char *name, char **made)
{
  DmsImportNomadPort *port;

  if (strcmp (name, "NOMAD_TASK_NAME") == 0)
    return task;
  if (strcmp (name, "NOMAD_GROUP_NAME") == 0)
    return group->group_name;
  if (strcmp (name, "NOMAD_JOB_NAME") == 0 || strcmp (name, "NOMAD_JOB_ID") == 0)
    return group->job_name;
  if (strcmp (name, "NOMAD_TASK_DIR") == 0)
    return "/local";
  if (strcmp (name, "NOMAD_SECRETS_DIR") == 0)
    return "/secrets";
  if (strcmp (name, "NOMAD_ALLOC_INDEX") == 0)
    return *made = g_strdup_printf ("%u", group->index);
  if (!g_str_has_prefix (name, "NOMAD_PORT_"))
    return NULL;
  port = g_hash_table_lookup (group->ports, name + strlen ("NOMAD_PORT_"));
  return port == NULL || port->private_port == 0 ? NULL
                                                 : (*made = g_strdup_printf ("%u", port->private_port));
}

char *
dms_import_nomad_expand (DmsImportNomadGroup *group, const char *task, const char *text, gboolean *unknown)
{
  g_autoptr (GString) out = g_string_new (NULL);

  while (*text != '\0')
    {
      const char *end =
          text[0] == '$' && text[1] == '{' ? memchr (text, '}', strnlen (text, MAX_NAME_BYTES)) : NULL;
      g_autofree char *name = end == NULL ? NULL : g_strndup (text + 2, (gsize) (end - text - 2));
      g_autofree char *made = NULL;
      const char *value;

      if (name == NULL)
        {
          g_string_append_c (out, *text++);
          continue;
        }
      value = value_of (group, task, g_str_has_prefix (name, "env.") ? name + 4 : name, &made);
      *unknown = *unknown || value == NULL;
      if (value != NULL)
        g_string_append (out, value);
      else
        g_string_append_len (out, text, end - text + 1);
      text = end + 1;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* NULL when the constraint is understood, else why not. */
static const char *
constrain (DmsImportNomadGroup *group,
           const char *attribute,
           const char *
           operator,
           const char * value,
           gboolean *close)
{
  gboolean equal =
      strcmp (operator, "=") == 0 || strcmp (operator, "==") == 0 || strcmp (operator, "is") == 0;
  gboolean unequal = strcmp (operator, "!=") == 0 || strcmp (operator, "not") == 0;
  const char *continent;
  const char *country;

  *close = FALSE;
  if (strcmp (operator, "distinct_hosts") == 0)
    return NULL;
  if (attribute == NULL || value == NULL)
    return "cannot be read";
  if (g_str_has_prefix (attribute, "${attr.driver.") && !unequal)
    return NULL;
  if (strcmp (attribute, "${attr.kernel.name}") == 0 && equal)
    return strcmp (value, "linux") == 0 ? NULL : "only Linux jobs can be run";
  if (strcmp (attribute, "${attr.cpu.arch}") == 0 && equal)
    {
      g_free (group->architecture);
      group->architecture = dms_import_text_to_architecture (value);
      return NULL;
    }
  if ((strcmp (attribute, "${node.datacenter}") == 0 ||
       g_str_has_suffix (attribute, ".placement.availability-zone}") ||
       g_str_has_suffix (attribute, ".region}")) &&
      (equal || unequal))
    {
      if (!dms_import_text_find_region (value, &continent, &country))
        return "the region is not known: write its continent, and country, under the node's location";
      *close = TRUE;
      dms_import_node_add_location (group->node, unequal, continent, country, NULL);
      return NULL;
    }
  if (g_str_has_prefix (attribute, "${node.unique.") && equal)
    {
      g_autoptr (DmsPeerId) peer = dms_peer_id_new (value, NULL);

      if (peer == NULL)
        return "machines have no such names here: give the machine's peer ID as the node's peer";
      g_free (group->node->peer);
      group->node->peer = g_strdup (dms_peer_id_get_text (peer));
      return NULL;
    }
  return "machines have no such attribute: say it by resources, location, or peer";
}

void
dms_import_nomad_constrain (DmsImportNomadGroup *group, DmsImportReader *owner)
{
  g_autoptr (GPtrArray) blocks = dms_import_nomad_list (owner, "Constraints", "constraint", FALSE);

  for (guint i = 0; i < blocks->len; i++)
    {
      DmsImportReader *block = ((DmsImportNomadBlock *) blocks->pdata[i])->reader;
      g_autofree char *attribute = dms_import_nomad_dup_text (block, "LTarget", "attribute");
      g_autofree char *operator= dms_import_nomad_dup_text (block, "Operand", "operator");
      g_autofree char *value = dms_import_nomad_dup_text (block, "RTarget", "value");
      gboolean close;
      const char *why = constrain (group, attribute, operator != NULL ? operator : "=", value, &close);

      if (dms_import_nomad_has (block, "distinct_hosts", NULL))
        {
          why = NULL;
          close = FALSE;
        }
      if (why != NULL)
        dms_import_reader_note (block, NULL, DMS_IMPORT_IMPOSSIBLE, "%s", why);
      else if (close)
        dms_import_reader_note (block, NULL, DMS_IMPORT_APPROXIMATED, "as continent and country");
      else
        dms_import_nomad_finish (block);
    }
  dms_import_nomad_remark (
      owner, "Affinities", "affinity", DMS_IMPORT_IMPOSSIBLE, "wishes were left out: require it, or not");
  dms_import_nomad_remark (
      owner,
      "Spreads",
      "spread",
      DMS_IMPORT_APPROXIMATED,
      "each node has a machine of its own; give nodes different locations to spread them further");
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-names.h"

#include <string.h>

#include "capability/dms-capability-context.h"
#include "cli/dms-cli-text.h"

/* More contexts than this are not looked into. */
#define MAX_CONTEXTS 256
#define SUFFIX ".cap"
#define KEY_PREFIX "did:key:"
/* Every did:key of the network begins with the same four letters. */
#define HEAD 8
#define TAIL 5

struct _DmsCliNames {
  /* URI of a DID to the name of its context. */
  GHashTable *contexts;
  /* URI of a DID that is shown to its short form. */
  GHashTable *shown;
  /* Their URIs in the order of their coming. */
  GPtrArray *order;
};

static void
learn_context (DmsCliNames *self, const char *folder, const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *name = g_strndup (file, strlen (file) - strlen (SUFFIX));
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (path, NULL, NULL);

  if (context != NULL)
    g_hash_table_insert (self->contexts,
                         g_strdup (dms_did_get_uri (dms_capability_context_get_did (context))),
                         dms_cli_text_dup_safe (name));
}

/**
 * dms_cli_names_new:
 * @call: a call
 *
 * Returns: (transfer full): names; without those of contexts that cannot be read
 */
DmsCliNames *
dms_cli_names_new (DmsCliCall *call)
{
  DmsCliNames *self = g_new0 (DmsCliNames, 1);
  g_autofree char *user_dir = dms_cli_call_dup_user_dir (call, NULL);
  g_autofree char *folder = user_dir != NULL ? g_build_filename (user_dir, "cap", NULL) : NULL;
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *file;

  self->contexts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->order = g_ptr_array_new_with_free_func (g_free);
  while (dir != NULL && g_hash_table_size (self->contexts) < MAX_CONTEXTS
         && (file = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (file, SUFFIX) && file[0] != '.')
        learn_context (self, folder, file);
    }

  return self;
}

/**
 * dms_cli_names_free:
 * @self: names
 *
 * Forgets them.
 */
void
dms_cli_names_free (DmsCliNames *self)
{
  g_hash_table_unref (self->contexts);
  g_hash_table_unref (self->shown);
  g_ptr_array_unref (self->order);
  g_free (self);
}

/* The beginning and the end of a DID; all of it when that is hardly longer. */
static char *
shorten (const char *uri, gsize head)
{
  g_autofree char *safe = dms_cli_text_dup_safe (uri);
  const char *rest = g_str_has_prefix (safe, KEY_PREFIX) ? safe + strlen (KEY_PREFIX) : safe;
  glong length = g_utf8_strlen (rest, -1);
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;

  if ((gsize) length <= head + TAIL + 1)
    return g_strdup (safe);

  first = g_utf8_substring (rest, 0, (glong) head);
  last = g_utf8_substring (rest, length - TAIL, length);
  return g_strconcat (first, "…", last, NULL);
}

static gboolean
is_taken (DmsCliNames *self, const char *name)
{
  GHashTableIter iter;
  gpointer other;

  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    {
      if (strcmp (other, name) == 0)
        return TRUE;
    }

  return FALSE;
}

/**
 * dms_cli_names_add:
 * @self: names
 * @did: one that will be shown; the empty one is ignored
 *
 * Gives it a name of its own.
 */
void
dms_cli_names_add (DmsCliNames *self, DmsDid *did)
{
  const char *uri = dms_did_get_uri (did);
  const char *context = g_hash_table_lookup (self->contexts, uri);
  gsize head = HEAD;
  char *name;

  if (dms_did_is_empty (did) || g_hash_table_contains (self->shown, uri))
    return;

  name = context != NULL ? g_strdup (context) : shorten (uri, head);
  while (is_taken (self, name) && head < strlen (uri))
    {
      g_free (name);
      head += HEAD;
      name = shorten (uri, head);
    }
  g_hash_table_insert (self->shown, g_strdup (uri), name);
  g_ptr_array_add (self->order, g_strdup (uri));
}

/**
 * dms_cli_names_get_context:
 * @self: names
 * @did: a DID
 *
 * Returns: (nullable): the name of the user's context that it belongs to
 */
const char *
dms_cli_names_get_context (DmsCliNames *self, DmsDid *did)
{
  return g_hash_table_lookup (self->contexts, dms_did_get_uri (did));
}

/**
 * dms_cli_names_get:
 * @self: names
 * @did: a DID
 *
 * Returns: what to call it; it is added if it was not
 */
const char *
dms_cli_names_get (DmsCliNames *self, DmsDid *did)
{
  if (dms_did_is_empty (did))
    return _ ("nobody");

  dms_cli_names_add (self, did);
  return g_hash_table_lookup (self->shown, dms_did_get_uri (did));
}

/**
 * dms_cli_names_print:
 * @self: names
 * @call: where to write
 *
 * Writes the legend.
 */
void
dms_cli_names_print (DmsCliNames *self, DmsCliCall *call)
{
  glong width = 0;

  for (guint i = 0; i < self->order->len; i++)
    width = MAX (width, g_utf8_strlen (g_hash_table_lookup (self->shown, self->order->pdata[i]), -1));
  for (guint i = 0; i < self->order->len; i++)
    {
      const char *name = g_hash_table_lookup (self->shown, self->order->pdata[i]);
      g_autofree char *uri = dms_cli_text_dup_safe (self->order->pdata[i]);

      dms_cli_call_print (call, "  %s%*s  %s\n", name, (int) (width - g_utf8_strlen (name, -1)), "", uri);
    }
}

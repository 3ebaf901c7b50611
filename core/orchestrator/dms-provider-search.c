/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-provider-search.h"

#include "observability/dms-log.h"

#include <string.h>

enum
{
  MAX_NAMES = 8,
  /* Of one look-up (the limit of the nodes in the field, libp2p.md section 1), and in all. */
  MAX_FOUND_OF_NAME = 40,
  MAX_FOUND = 160,
  /* What is found later than this is found by the next search. */
  PATIENCE_S = 15,
};

/* A machine that was found. */
typedef struct
{
  char *peer;
  guint n_names;
  guint n_takes;
  gboolean taken;
} Found;

struct _DmsProviderSearch
{
  DmsTransport *transport;
  /* NULL when it is given up. */
  DmsProviderSearchFunc found_func;
  gpointer user_data;
  GCancellable *cancellable;
  guint timer;
  /* Set of names. */
  GHashTable *names;
  /* Found, in the order in which they were. */
  GPtrArray *found;
};

static void
found_free (gpointer data)
{
  Found *found = data;

  g_free (found->peer);
  g_free (found);
}

static void
search_clear (gpointer data)
{
  DmsProviderSearch *self = data;

  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_clear_pointer (&self->names, g_hash_table_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->transport);
}

static void
search_unref (DmsProviderSearch *self)
{
  g_rc_box_release_full (self, search_clear);
}

typedef DmsProviderSearch DmsProviderSearchRef;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsProviderSearchRef, search_unref)

static gboolean
on_timer (gpointer user_data)
{
  DmsProviderSearch *self = user_data;

  self->timer = 0;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  return G_SOURCE_REMOVE;
}

DmsProviderSearch *
dms_provider_search_new (DmsTransport *transport, DmsProviderSearchFunc found, gpointer user_data)
{
  DmsProviderSearch *self = g_rc_box_new0 (DmsProviderSearch);

  self->transport = g_object_ref (transport);
  self->found_func = found;
  self->user_data = user_data;
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->found = g_ptr_array_new_with_free_func (found_free);
  return self;
}

static void
give_up (DmsProviderSearch *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

void
dms_provider_search_free (DmsProviderSearch *self)
{
  self->found_func = NULL;
  give_up (self);
  search_unref (self);
}

void
dms_provider_search_renew (DmsProviderSearch *self)
{
  give_up (self);
  g_hash_table_remove_all (self->names);
  for (guint i = 0; i < self->found->len; i++)
    {
      Found *found = g_ptr_array_index (self->found, i);

      found->taken = FALSE;
      found->n_names = 0;
    }
}

static Found *
find (DmsProviderSearch *self, const char *peer)
{
  for (guint i = 0; i < self->found->len; i++)
    {
      Found *found = g_ptr_array_index (self->found, i);

      if (strcmp (found->peer, peer) == 0)
        return found;
    }
  return NULL;
}

/* Where there is no room, whoever was given out most often, and was not found again, makes some: false
 * records keep nobody out for long. FALSE when all have been found again. */
static gboolean
make_room (DmsProviderSearch *self)
{
  guint worst = self->found->len;
  guint n_takes = 0;

  if (self->found->len < MAX_FOUND)
    return TRUE;
  for (guint i = 0; i < self->found->len; i++)
    {
      const Found *found = g_ptr_array_index (self->found, i);

      if (found->n_names > 0 || found->n_takes <= n_takes)
        continue;
      worst = i;
      n_takes = found->n_takes;
    }
  if (worst == self->found->len)
    return FALSE;
  g_ptr_array_remove_index (self->found, worst);
  return TRUE;
}

static void
keep (DmsProviderSearch *self, const char *peer)
{
  Found *found = find (self, peer);

  if (found == NULL && make_room (self))
    {
      found = g_new0 (Found, 1);
      found->peer = g_strdup (peer);
      g_ptr_array_add (self->found, found);
    }
  if (found != NULL)
    found->n_names++;
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsProviderSearchRef) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) peers = dms_transport_find_providers_finish (DMS_TRANSPORT (source), result, &error);

  if (self->found_func == NULL || g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED))
    return;
  if (peers == NULL)
    {
      dms_log_event (G_LOG_LEVEL_DEBUG, "providers_not_found", "error", error->message, NULL);
      return;
    }
  for (guint i = 0; i < MIN (peers->len, MAX_FOUND_OF_NAME); i++)
    keep (self, dms_peer_id_get_text (dms_peer_info_get_id (g_ptr_array_index (peers, i))));
  if (peers->len > 0)
    self->found_func (self->user_data);
}

void
dms_provider_search_add (DmsProviderSearch *self, const char *const *names)
{
  for (guint i = 0; names[i] != NULL && g_hash_table_size (self->names) < MAX_NAMES; i++)
    {
      if (!g_hash_table_add (self->names, g_strdup (names[i])))
        continue;
      if (self->cancellable == NULL)
        {
          self->cancellable = g_cancellable_new ();
          self->timer = g_timeout_add_seconds (PATIENCE_S, on_timer, self);
        }
      dms_transport_find_providers_async (
          self->transport, names[i], MAX_FOUND_OF_NAME, self->cancellable, on_found, g_rc_box_acquire (self));
    }
}

/* Above 0 when the first is the better choice. */
static int
compare (const Found *a, const Found *b)
{
  if (a->n_takes != b->n_takes)
    return a->n_takes < b->n_takes ? 1 : -1;
  return (a->n_names > b->n_names) - (a->n_names < b->n_names);
}

const char *
dms_provider_search_take (DmsProviderSearch *self)
{
  Found *best = NULL;
  gint32 n_equal = 1;

  for (guint i = 0; i < self->found->len; i++)
    {
      Found *found = g_ptr_array_index (self->found, i);
      int order = best != NULL ? compare (found, best) : 1;

      if (found->taken || order < 0)
        continue;
      n_equal = order > 0 ? 1 : n_equal + 1;
      if (order > 0 || g_random_int_range (0, n_equal) == 0)
        best = found;
    }
  if (best == NULL)
    return NULL;
  best->taken = TRUE;
  best->n_takes++;
  return best->peer;
}

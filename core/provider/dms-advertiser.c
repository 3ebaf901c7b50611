/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-advertiser.h"

#include <string.h>

#include "actor/dms-actor-registry.h"
#include "observability/dms-log.h"
#include "provider/dms-provider-private.h"
#include "resources/dms-offer-keys.h"

enum
{
  /* After a change: what changes more than once is told once, and not by all machines at one moment. */
  SETTLE_MS = 1000,
  SETTLE_JITTER_MS = 2000,
  /* When nobody took it: at first, then twice as long each time, at most. */
  RETRY_FIRST_S = 5,
  RETRY_LAST_S = 15 * 60,
  /* Who is closest to a name is not known for certain soon after the start. */
  SECOND_S = 10 * 60,
  /* The nodes in the field (libp2p.md section 1), a tenth more or less. */
  REPEAT_S = 6 * 3600,
  JITTER_PARTS = 10,
};

/* One name. */
typedef struct
{
  gint64 due_us;
  guint n_failures;
  guint n_told;
} Offer;

struct _DmsAdvertiser
{
  GObject parent_instance;

  DmsProvider *provider;
  DmsTransport *transport;
  GCancellable *cancellable;
  /* Name to Offer. */
  GHashTable *offers;
  /* The one that is being told. */
  char *telling;
  guint review_timer;
  guint timer;
  gboolean running;
};

G_DEFINE_FINAL_TYPE (DmsAdvertiser, dms_advertiser, G_TYPE_OBJECT)

static void schedule (DmsAdvertiser *self);

static void
dms_advertiser_dispose (GObject *object)
{
  DmsAdvertiser *self = DMS_ADVERTISER (object);

  dms_advertiser_stop (self);
  g_clear_object (&self->transport);
  G_OBJECT_CLASS (dms_advertiser_parent_class)->dispose (object);
}

static void
dms_advertiser_finalize (GObject *object)
{
  DmsAdvertiser *self = DMS_ADVERTISER (object);

  g_clear_pointer (&self->offers, g_hash_table_unref);
  g_free (self->telling);
  G_OBJECT_CLASS (dms_advertiser_parent_class)->finalize (object);
}

static void
dms_advertiser_class_init (DmsAdvertiserClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dms_advertiser_dispose;
  object_class->finalize = dms_advertiser_finalize;
}

static void
dms_advertiser_init (DmsAdvertiser *self)
{
  self->offers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

DmsAdvertiser *
dms_advertiser_new (DmsProvider *provider)
{
  DmsAdvertiser *self = g_object_new (DMS_TYPE_ADVERTISER, NULL);
  DmsActorRegistry *registry = dms_actor_get_registry (dms_provider_get_root (provider));

  self->provider = provider;
  self->transport = g_object_ref (dms_actor_registry_get_transport (registry));
  return self;
}

/* Telling */

static gint64
in_seconds (guint seconds)
{
  gint64 us = (gint64) seconds * G_USEC_PER_SEC;

  return g_get_monotonic_time () + us + (gint64) (g_random_double_range (-1, 1) * (double) us / JITTER_PARTS);
}

static guint
get_retry_s (guint n_failures)
{
  return MIN ((guint) RETRY_FIRST_S << MIN (n_failures, 16), RETRY_LAST_S);
}

static void
note_told (Offer *offer, const char *name, const GError *error)
{
  if (error != NULL)
    {
      offer->due_us = in_seconds (get_retry_s (offer->n_failures));
      offer->n_failures++;
      dms_log_event (G_LOG_LEVEL_DEBUG, "offer_not_told", "name", name, "error", error->message, NULL);
      return;
    }
  if (offer->n_told == 0)
    dms_log_event (G_LOG_LEVEL_INFO, "offer_told", "name", name, NULL);
  offer->n_failures = 0;
  offer->due_us = in_seconds (offer->n_told == 0 ? SECOND_S : REPEAT_S);
  offer->n_told++;
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsAdvertiser) self = user_data;
  g_autofree char *name = g_steal_pointer (&self->telling);
  g_autoptr (GError) error = NULL;
  Offer *offer = g_hash_table_lookup (self->offers, name);

  dms_transport_provide_finish (DMS_TRANSPORT (source), result, &error);
  if (!self->running)
    return;
  if (offer == NULL)
    /* It was taken back meanwhile. */
    dms_transport_stop_providing (self->transport, name);
  else if (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED))
    offer->due_us = G_MAXINT64;
  else
    note_told (offer, name, error);
  schedule (self);
}

static const char *
find_next (DmsAdvertiser *self, gint64 *due_us)
{
  const char *next = NULL;
  GHashTableIter iter;
  gpointer name;
  gpointer value;

  *due_us = G_MAXINT64;
  g_hash_table_iter_init (&iter, self->offers);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      const Offer *offer = value;

      if (offer->due_us >= *due_us)
        continue;
      next = name;
      *due_us = offer->due_us;
    }
  return next;
}

static gboolean
on_timer (gpointer user_data)
{
  DmsAdvertiser *self = user_data;

  self->timer = 0;
  schedule (self);
  return G_SOURCE_REMOVE;
}

/* One at a time: a look-up each is nothing that hurries. */
static void
schedule (DmsAdvertiser *self)
{
  gint64 due_us;
  const char *next = find_next (self, &due_us);
  gint64 wait_us = due_us - g_get_monotonic_time ();

  g_clear_handle_id (&self->timer, g_source_remove);
  if (next == NULL || self->telling != NULL)
    return;
  if (wait_us > 0)
    {
      self->timer = g_timeout_add ((guint) MIN (wait_us / 1000 + 1, G_MAXINT32), on_timer, self);
      return;
    }
  self->telling = g_strdup (next);
  dms_transport_provide_async (self->transport, next, self->cancellable, on_told, g_object_ref (self));
}

/* What there is to tell */

/* (transfer full): nothing when nothing is lent, or its owner does not want it to be known. */
static GStrv
list_keys (DmsAdvertiser *self)
{
  static const char *const nothing[] = { NULL };
  g_autoptr (DmsResources) lent = NULL;
  g_autoptr (DmsHardware) machine = NULL;
  g_auto (GStrv) executors = NULL;
  const char *architecture = NULL;

  if (dms_config_get_bool (dms_provider_get_config (self->provider), "p2p.advertise"))
    lent = dms_ledger_dup_onboarded (dms_provider_get_ledger (self->provider), NULL);
  if (lent == NULL)
    return g_strdupv ((char **) nothing);
  machine = dms_inventory_dup_hardware (dms_provider_get_inventory (self->provider), NULL);
  if (machine != NULL)
    architecture = dms_cpu_get_architecture (dms_resources_get_cpu (dms_hardware_get_total (machine)));
  executors = dms_bidder_dup_executors (dms_provider_get_bidder (self->provider));
  return dms_offer_keys_list_offered (lent, architecture, (const char *const *) executors);
}

static void
drop_others (DmsAdvertiser *self, const char *const *keys)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->offers);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      if (g_strv_contains (keys, name))
        continue;
      dms_log_event (G_LOG_LEVEL_INFO, "offer_withdrawn", "name", name, NULL);
      dms_transport_stop_providing (self->transport, name);
      g_hash_table_iter_remove (&iter);
    }
}

static gboolean
review (gpointer user_data)
{
  DmsAdvertiser *self = user_data;
  g_auto (GStrv) keys = list_keys (self);

  self->review_timer = 0;
  drop_others (self, (const char *const *) keys);
  for (guint i = 0; keys[i] != NULL; i++)
    {
      Offer *offer;

      if (g_hash_table_contains (self->offers, keys[i]))
        continue;
      offer = g_new0 (Offer, 1);
      offer->due_us = g_get_monotonic_time ();
      g_hash_table_insert (self->offers, g_strdup (keys[i]), offer);
    }
  schedule (self);
  return G_SOURCE_REMOVE;
}

void
dms_advertiser_review (DmsAdvertiser *self)
{
  g_return_if_fail (DMS_IS_ADVERTISER (self));

  if (self->running && self->review_timer == 0)
    self->review_timer =
        g_timeout_add (SETTLE_MS + (guint) g_random_int_range (0, SETTLE_JITTER_MS), review, self);
}

void
dms_advertiser_start (DmsAdvertiser *self)
{
  g_return_if_fail (DMS_IS_ADVERTISER (self));

  if (self->running)
    return;
  self->running = TRUE;
  self->cancellable = g_cancellable_new ();
  g_signal_connect_object (dms_provider_get_ledger (self->provider),
                           "changed",
                           G_CALLBACK (dms_advertiser_review),
                           self,
                           G_CONNECT_SWAPPED);
  dms_advertiser_review (self);
}

void
dms_advertiser_stop (DmsAdvertiser *self)
{
  g_return_if_fail (DMS_IS_ADVERTISER (self));

  if (!self->running)
    return;
  self->running = FALSE;
  g_signal_handlers_disconnect_by_data (dms_provider_get_ledger (self->provider), self);
  g_clear_handle_id (&self->review_timer, g_source_remove);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_hash_table_remove_all (self->offers);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GStrv
dms_advertiser_dup_keys (DmsAdvertiser *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (DMS_IS_ADVERTISER (self), NULL);

  g_hash_table_iter_init (&iter, self->offers);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

guint
dms_advertiser_get_n_told (DmsAdvertiser *self)
{
  GHashTableIter iter;
  gpointer offer;
  guint n = 0;

  g_return_val_if_fail (DMS_IS_ADVERTISER (self), 0);

  g_hash_table_iter_init (&iter, self->offers);
  while (g_hash_table_iter_next (&iter, NULL, &offer))
    n += ((Offer *) offer)->n_told > 0;
  return n;
}

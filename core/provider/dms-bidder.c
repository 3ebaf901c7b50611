/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bidder-private.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-allocation-record.h"
#include "provider/dms-bid-sample.h"
#include "provider/dms-bid.h"

enum
{
  MAX_REQUESTS = 1000,
  /* Requests whose turn comes in a moment; others are answered at once. */
  MAX_DELAYED = 256,
  /* Those that wait until libraries were looked for. */
  MAX_LOOKING = 16,
};

G_DEFINE_FINAL_TYPE (DmsBidder, dms_bidder, G_TYPE_OBJECT)

/* A request that is answered in a moment. */
typedef struct
{
  DmsBidder *bidder;
  DmsMessage *message;
  /* (nullable): what is to be answered instead of looking at it. */
  DmsBidRefusal *refusal;
  guint timer;
} DelayedRequest;

static void
delayed_request_free (gpointer data)
{
  DelayedRequest *delayed = data;

  g_clear_handle_id (&delayed->timer, g_source_remove);
  dms_message_unref (delayed->message);
  g_clear_pointer (&delayed->refusal, dms_bid_refusal_unref);
  g_free (delayed);
}

static void
dms_bidder_finalize (GObject *object)
{
  DmsBidder *self = DMS_BIDDER (object);

  g_clear_pointer (&self->delayed, g_hash_table_unref);
  g_clear_pointer (&self->ensembles, g_hash_table_unref);
  g_clear_pointer (&self->executors, g_hash_table_unref);
  g_clear_pointer (&self->refusals, g_hash_table_unref);
  g_clear_pointer (&self->location, dms_location_unref);
  g_clear_pointer (&self->refuser, dms_bid_refuser_free);
  g_clear_pointer (&self->offer, dms_bid_offer_unref);
  g_clear_object (&self->libraries);

  G_OBJECT_CLASS (dms_bidder_parent_class)->finalize (object);
}

static void
dms_bidder_class_init (DmsBidderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_bidder_finalize;
}

static void
dms_bidder_init (DmsBidder *self)
{
  self->ensembles = dms_bidder_new_offers ();
  self->executors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->refusals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->delayed = g_hash_table_new_full (NULL, NULL, delayed_request_free, NULL);
}

/**
 * dms_bidder_new:
 * @provider: whose machine it offers
 *
 * Returns: (transfer full): the bidder, not ready yet
 */
DmsBidder *
dms_bidder_new (DmsProvider *provider)
{
  DmsBidder *self = g_object_new (DMS_TYPE_BIDDER, NULL);
  DmsConfig *config = dms_provider_get_config (provider);

  self->provider = provider;
  self->location = dms_location_new (NULL, NULL, NULL, 0, NULL);
  self->refuser = dms_bid_refuser_new (config);
  self->offer = dms_bid_offer_new_from_config (config);
  self->libraries = dms_library_finder_new ("/",
                                            dms_config_get_strv (config, "job.offer.libraries"),
                                            dms_config_get_bool (config, "job.offer.find_libraries"));
  return self;
}

void
dms_bidder_set_location (DmsBidder *self, DmsLocation *location)
{
  g_return_if_fail (DMS_IS_BIDDER (self));

  dms_location_ref (location);
  dms_location_unref (self->location);
  self->location = location;
}

void
dms_bidder_set_ready (DmsBidder *self, gboolean ready)
{
  g_return_if_fail (DMS_IS_BIDDER (self));

  self->ready = ready;
  if (!ready)
    g_hash_table_remove_all (self->delayed);
}

static void
answer (DmsBidder *self, DmsMessage *message, const char *ensemble_id, JsonObject *request)
{
  const char *node_id = dms_bidder_get_node_id (request);
  g_autoptr (DmsBidOffer) offer = dms_bidder_make_offer (self, request);
  g_autoptr (DmsBid) made = dms_bid_new_signed (dms_provider_get_key (self->provider),
                                                dms_actor_get_handle (dms_provider_get_root (self->provider)),
                                                ensemble_id,
                                                node_id,
                                                self->location);
  g_autoptr (DmsBid) bid = dms_bid_with_offer (made, offer);
  g_autoptr (JsonNode) payload = dms_bid_to_json (bid);
  g_autoptr (GError) error = NULL;

  if (dms_message_reply (message, payload, &error))
    dms_log_event (
        G_LOG_LEVEL_INFO, "sending_bid_response", "orchestratorID", ensemble_id, "node", node_id, NULL);
  else
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "bid_response_error",
                   "orchestratorID",
                   ensemble_id,
                   "error",
                   error->message,
                   NULL);
}

/* Whether it was answered. */
static gboolean
consider (DmsBidder *self,
          DmsMessage *message,
          const char *ensemble_id,
          JsonObject *payload,
          JsonObject *request,
          DmsBidRefusal *refusal)
{
  DmsDid *requester = dms_message_get_sender_did (message);
  gboolean own = dms_provider_is_owner (self->provider, requester);
  const char *node_id = dms_bidder_get_node_id (request);

  if (!dms_bidder_check_request (self, ensemble_id, request, own, refusal))
    return FALSE;
  if (!dms_bidder_note_answer (self, ensemble_id, requester, payload, request))
    {
      dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BUSY, node_id, NULL);
      return dms_bidder_refuse (
          self, ensemble_id, "no_resource_availability_for_bid", "too many bids are open");
    }
  answer (self, message, ensemble_id, request);
  return TRUE;
}

/* Fisher and Yates: nobody gets a node of an ensemble more often for being named first. */
static GPtrArray *
shuffle (JsonArray *requests)
{
  GPtrArray *order = g_ptr_array_new ();
  guint n = requests != NULL ? MIN (json_array_get_length (requests), MAX_REQUESTS) : 0;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (order, dms_json_node_get_child (json_array_get_element (requests, i)));
  for (guint i = n; i > 1; i--)
    {
      guint j = (guint) g_random_int_range (0, (gint32) i);
      gpointer other = order->pdata[j];
      order->pdata[j] = order->pdata[i - 1];
      order->pdata[i - 1] = other;
    }
  return order;
}

static JsonObject *
get_request (GPtrArray *order, guint i)
{
  return dms_json_object_get_child (g_ptr_array_index (order, i), "V1");
}

/* A machine serves one node of an ensemble, so it offers itself once. The same message may come by more than
 * one way: what it was answered with counts. */
static void
decide (DmsBidder *self, DmsMessage *message, const char *ensemble_id, JsonObject *payload)
{
  g_autoptr (GPtrArray) order = shuffle (dms_json_object_get_list (payload, "Request"));
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refuser_begin (self->refuser, message, ensemble_id);
  guint i = 0;

  for (i = 0; i < order->len; i++)
    {
      if (dms_bidder_was_answered (self, ensemble_id, payload, get_request (order, i)))
        return;
    }
  for (i = 0; i < order->len; i++)
    {
      if (consider (self, message, ensemble_id, payload, get_request (order, i), refusal))
        return;
    }
  if (refusal != NULL)
    dms_bid_refuser_tell (self->refuser, message, refusal);
}

/* A request that waits for libraries to be looked for. */
typedef struct
{
  GWeakRef bidder;
  DmsMessage *message;
} Look;

static void
looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *look = user_data;
  g_autoptr (DmsBidder) self = g_weak_ref_get (&look->bidder);
  JsonObject *payload = dms_message_get_object (look->message);

  dms_library_finder_look_finish (DMS_LIBRARY_FINDER (source), result, NULL);
  if (self != NULL)
    self->n_looking--;
  /* The node may be on its way down. */
  if (self != NULL && self->ready && dms_message_get_expiry_ns (look->message) > dms_actor_expiry_in (0))
    decide (self, look->message, dms_json_object_get_text (payload, "ID"), payload);
  g_weak_ref_clear (&look->bidder);
  dms_message_unref (look->message);
  g_free (look);
}

static void
consider_all (DmsBidder *self, DmsMessage *message, const char *ensemble_id, JsonObject *payload)
{
  g_auto (GStrv) names = dms_bidder_list_libraries (payload);
  Look *look;

  /* Where too many wait already, what is not known is not there. */
  if (names[0] == NULL || self->n_looking >= MAX_LOOKING ||
      dms_library_finder_knows (self->libraries, (const char *const *) names))
    {
      decide (self, message, ensemble_id, payload);
      return;
    }
  look = g_new0 (Look, 1);
  g_weak_ref_init (&look->bidder, self);
  look->message = dms_message_ref (message);
  self->n_looking++;
  dms_library_finder_look_async (self->libraries, (const char *const *) names, NULL, looked, look);
}

static gboolean
answer_delayed (gpointer user_data)
{
  DelayedRequest *delayed = user_data;
  JsonObject *payload = dms_message_get_object (delayed->message);

  delayed->timer = 0;
  if (dms_message_get_expiry_ns (delayed->message) <= dms_actor_expiry_in (0))
    dms_log_event (G_LOG_LEVEL_DEBUG,
                   "bid_request_expired",
                   "orchestratorID",
                   dms_json_object_get_text (payload, "ID"),
                   NULL);
  else if (delayed->refusal != NULL)
    dms_bid_refuser_tell (delayed->bidder->refuser, delayed->message, delayed->refusal);
  else
    consider_all (delayed->bidder, delayed->message, dms_json_object_get_text (payload, "ID"), payload);
  g_hash_table_remove (delayed->bidder->delayed, delayed);
  return G_SOURCE_REMOVE;
}

/* FALSE when there are enough that wait, or none of it is wanted. refusal: (nullable) */
static gboolean
delay (DmsBidder *self, DmsMessage *message, guint spread_ms, DmsBidRefusal *refusal)
{
  DelayedRequest *delayed;

  if (spread_ms == 0 || g_hash_table_size (self->delayed) >= MAX_DELAYED)
    return FALSE;
  delayed = g_new0 (DelayedRequest, 1);
  delayed->bidder = self;
  delayed->message = dms_message_ref (message);
  delayed->refusal = refusal != NULL ? dms_bid_refusal_ref (refusal) : NULL;
  delayed->timer =
      g_timeout_add ((guint) g_random_int_range (0, (gint32) spread_ms), answer_delayed, delayed);
  g_hash_table_add (self->delayed, delayed);
  return TRUE;
}

/* What stands in the way of all nodes of the ensemble. */
static void
refuse_all (DmsBidder *self, DmsMessage *message, const char *ensemble_id, DmsBidRefusalCode code)
{
  g_autoptr (DmsBidRefusal) refusal = dms_bid_refuser_begin (self->refuser, message, ensemble_id);
  DmsBidSample sample = { 0 };

  if (refusal == NULL || code == DMS_BID_REFUSAL_N_CODES)
    return;
  dms_bid_refuser_note (refusal, code, "", NULL);
  if (dms_message_get_topic (message)[0] == '\0')
    dms_bid_refuser_tell (self->refuser, message, refusal);
  else if (dms_bid_sample_read (&sample, dms_message_get_object (message)) &&
           dms_bid_sample_has (&sample,
                               ensemble_id,
                               dms_bidder_get_nonce (dms_message_get_object (message)),
                               dms_bidder_get_own_host (self)) &&
           !delay (self, message, sample.spread_ms, refusal))
    dms_bid_refuser_tell (self->refuser, message, refusal);
}

/**
 * dms_bidder_handle_request:
 * @self: a bidder
 * @message: a request for bids
 *
 * Answers with a bid for one node of the ensemble that this machine could run, any of them. What it cannot
 * run is dropped in silence, as the protocol wants it, unless the request asks for the reason.
 */
void
dms_bidder_handle_request (DmsBidder *self, DmsMessage *message)
{
  JsonObject *payload = dms_message_get_object (message);
  const char *ensemble_id = dms_json_object_get_text (payload, "ID");
  g_autofree char *any_id = ensemble_id != NULL ? g_strdup_printf ("%.128s_x", ensemble_id) : NULL;
  DmsBidRefusalCode code;
  gboolean own;
  DmsBidSample sample;

  g_return_if_fail (DMS_IS_BIDDER (self));

  if (!dms_allocation_record_check_id (any_id, ensemble_id, NULL))
    {
      dms_bidder_refuse (
          self, NULL, "bid_requirements_not_satisfied", "a request must have an ensemble's ID");
      return;
    }
  dms_log_event (G_LOG_LEVEL_DEBUG, "bid_request", "orchestratorID", ensemble_id, NULL);
  own = dms_provider_is_owner (self->provider, dms_message_get_sender_did (message));
  if (!dms_bidder_check_message (self, message, ensemble_id, payload, own, &code))
    {
      refuse_all (self, message, ensemble_id, code);
      return;
    }

  if (dms_message_get_topic (message)[0] == '\0' || !dms_bid_sample_read (&sample, payload))
    {
      consider_all (self, message, ensemble_id, payload);
      return;
    }
  if (!dms_bid_sample_has (
          &sample, ensemble_id, dms_bidder_get_nonce (payload), dms_bidder_get_own_host (self)))
    {
      dms_bidder_refuse (self, ensemble_id, "bid_request_not_in_sample", NULL);
      return;
    }
  if (!delay (self, message, sample.spread_ms, NULL))
    consider_all (self, message, ensemble_id, payload);
}

void
dms_bidder_handle_denied (DmsBidder *self, DmsMessage *message)
{
  const char *ensemble_id = dms_json_object_get_text (dms_message_get_object (message), "ID");
  g_autofree char *any_id = ensemble_id != NULL ? g_strdup_printf ("%.128s_x", ensemble_id) : NULL;

  g_return_if_fail (DMS_IS_BIDDER (self));

  if (self->ready && dms_bid_refuser_tells_strangers (self->refuser) &&
      dms_allocation_record_check_id (any_id, ensemble_id, NULL))
    refuse_all (self, message, ensemble_id, DMS_BID_REFUSAL_NOT_GRANTED);
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-receiver.h"

#include "actor/dms-ordered-pool.h"

#define MAX_LINES 4096
#define MAX_WAITING_PER_LINE 1024
#define MAX_BYTES_PER_LINE (8 * 1024 * 1024)
#define MAX_WAITING 8192
#define MAX_WAITING_BYTES (32 * 1024 * 1024)
/* The line of this machine; no peer ID is empty. */
#define LOCAL_LINE ""

/* A message on its way. A worker owns it while it works on it, the main context otherwise. */
typedef struct
{
  char *peer;
  char *inbox;
  GBytes *bytes;
  gsize size;
  /* Of a broadcast: the validation it is about. 0 for a message to an inbox. */
  guint64 ticket;
  DmsEnvelope *envelope;
  GError *error;
  /* What the second step is about; NULL before it, and after. */
  GPtrArray *links;
  gboolean *results;
  gboolean asked;
} Arrival;

struct _DmsReceiver
{
  DmsReceiverFuncs funcs;
  gpointer user_data;
  DmsOrderedPool *pool;
};

static void
arrival_free (gpointer data)
{
  Arrival *arrival = data;

  g_free (arrival->peer);
  g_free (arrival->inbox);
  g_clear_pointer (&arrival->bytes, g_bytes_unref);
  g_clear_pointer (&arrival->envelope, dms_envelope_unref);
  g_clear_error (&arrival->error);
  g_clear_pointer (&arrival->links, g_ptr_array_unref);
  g_free (arrival->results);
  g_free (arrival);
}

static void
check_links (Arrival *arrival)
{
  arrival->results = g_new0 (gboolean, arrival->links->len);
  for (guint i = 0; i < arrival->links->len; i++)
    arrival->results[i] = dms_token_check_signature (g_ptr_array_index (arrival->links, i));
}

/* In a worker thread. */
static void
on_work (gpointer job)
{
  Arrival *arrival = job;

  if (arrival->links != NULL)
    {
      check_links (arrival);
      return;
    }
  arrival->envelope = dms_envelope_new_from_bytes (arrival->bytes, &arrival->error);
  if (arrival->ticket == 0)
    g_clear_pointer (&arrival->bytes, g_bytes_unref);
  /* What is over needs no signature: it is refused whether it has one or not. */
  if (arrival->envelope != NULL
      && dms_envelope_get_expiry_ns (arrival->envelope) >= (guint64) g_get_real_time () * 1000)
    dms_envelope_verify_signature (arrival->envelope);
}

static gboolean
on_worked (gpointer job, gpointer user_data)
{
  DmsReceiver *self = user_data;
  Arrival *arrival = job;

  for (guint i = 0; arrival->links != NULL && i < arrival->links->len; i++)
    self->funcs.checked (arrival->inbox, g_ptr_array_index (arrival->links, i), arrival->results[i],
                         self->user_data);
  g_clear_pointer (&arrival->links, g_ptr_array_unref);
  if (arrival->asked || arrival->envelope == NULL || !dms_envelope_is_verified (arrival->envelope))
    return FALSE;
  arrival->asked = TRUE;
  arrival->links = self->funcs.dup_unchecked (arrival->inbox, arrival->envelope, self->user_data);
  return arrival->links != NULL;
}

static void
end (DmsReceiver *self, Arrival *arrival, DmsEnvelope *envelope, const GError *error)
{
  if (arrival->ticket != 0)
    self->funcs.judged (arrival->peer, arrival->inbox, arrival->bytes, envelope, error, arrival->ticket,
                        self->user_data);
  else
    self->funcs.arrived (arrival->peer, arrival->inbox, envelope, arrival->size, error, self->user_data);
}

static void
on_done (gpointer job, gpointer user_data)
{
  Arrival *arrival = job;

  end (user_data, arrival, arrival->envelope, arrival->error);
}

static void
on_displaced (gpointer job, gpointer user_data)
{
  g_autoptr (GError) error = g_error_new_literal (DMS_ERROR, DMS_ERROR_BUSY,
                                                  "too much waits to be checked, and others have less there");

  end (user_data, job, NULL, error);
}

DmsReceiver *
dms_receiver_new (guint n_threads, const DmsReceiverFuncs *funcs, gpointer user_data)
{
  static const DmsFairQueueLimits limits = { MAX_LINES, MAX_WAITING_PER_LINE, MAX_BYTES_PER_LINE, MAX_WAITING,
                                             MAX_WAITING_BYTES };
  static const DmsOrderedPoolFuncs pool_funcs = { on_work, on_worked, on_done, on_displaced, arrival_free };
  DmsReceiver *self = g_new0 (DmsReceiver, 1);

  self->funcs = *funcs;
  self->user_data = user_data;
  self->pool = dms_ordered_pool_new (n_threads, &limits, &pool_funcs, self);
  return self;
}

void
dms_receiver_stop (DmsReceiver *self)
{
  dms_ordered_pool_stop (self->pool);
}

void
dms_receiver_free (DmsReceiver *self)
{
  if (self == NULL)
    return;
  dms_ordered_pool_stop (self->pool);
  dms_ordered_pool_unref (self->pool);
  g_free (self);
}

static gboolean
push (DmsReceiver *self, const char *peer, const char *inbox, GBytes *bytes, guint64 ticket, GError **error)
{
  Arrival *arrival = g_new0 (Arrival, 1);

  arrival->peer = g_strdup (peer);
  arrival->inbox = g_strdup (inbox);
  arrival->bytes = g_bytes_ref (bytes);
  arrival->size = g_bytes_get_size (bytes);
  arrival->ticket = ticket;
  if (dms_ordered_pool_push (self->pool, peer != NULL ? peer : LOCAL_LINE, arrival->size, arrival)
      == DMS_FAIR_QUEUE_TAKEN)
    return TRUE;
  arrival_free (arrival);
  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BUSY,
                       "too many messages wait to be checked; try again later");
  return FALSE;
}

gboolean
dms_receiver_push (DmsReceiver *self, const char *peer, const char *inbox, GBytes *bytes, GError **error)
{
  return push (self, peer, inbox, bytes, 0, error);
}

gboolean
dms_receiver_push_broadcast (DmsReceiver *self,
                             const char *peer,
                             const char *topic,
                             GBytes *bytes,
                             guint64 ticket,
                             GError **error)
{
  g_return_val_if_fail (ticket != 0, FALSE);

  return push (self, peer, topic, bytes, ticket, error);
}

guint
dms_receiver_get_n_waiting (DmsReceiver *self)
{
  return dms_ordered_pool_get_n_jobs (self->pool);
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-dial.h"

#include <string.h>

#include "swarm/dms-p2p-address.h"
#include "swarm/dms-p2p-dial-plan.h"

enum
{
  /* go-libp2p, p2p/net/swarm/limiter.go: DefaultPerPeerRateLimit. */
  DMS_P2P_DIAL_MAX_ACTIVE = 8,
  /* Twice what the peer store has of one peer. */
  DMS_P2P_DIAL_MAX_ADDRESSES = 128,
  DMS_P2P_DIAL_MAX_NAMES = 16,
  /* Told one by one when all have failed, each with so many bytes of its reason. */
  DMS_P2P_DIAL_MAX_FAILURES = 16,
  DMS_P2P_DIAL_MAX_REASON = 400,
};

/**
 * DmsP2pDial:
 *
 * Lives in the main context that made it.
 */
struct _DmsP2pDial
{
  GObject parent_instance;

  DmsP2pDialer *dialer;
  DmsPeerId *peer;
  DmsP2pTrace trace;
  gpointer trace_data;
  gboolean is_forced;
  gboolean is_direct;
  gboolean is_waiting;
  gboolean is_done;
  gboolean has_failed;
  GTask *task;
  GMainContext *context;
  /* Ends what is resolved. */
  GCancellable *own;
  GSource *watch;
  GSource *deadline;
  GSource *timer;
  /* Texts of addresses that were taken on, and of those that were refused. */
  GHashTable *seen;
  GHashTable *refused;
  /* Names before it runs. */
  GPtrArray *names;
  guint n_names;
  guint n_resolving;
  /* DmsP2pAttempt: those to come, the next first, and those under way. */
  GQueue pending;
  GPtrArray *active;
  GString *failures;
  guint n_failures;
  /* The code of all failures; -1 when they have none in common. */
  int code;
};

G_DEFINE_FINAL_TYPE (DmsP2pDial, dms_p2p_dial, G_TYPE_OBJECT)

/* One address. */
typedef struct
{
  /* Once it is under way. */
  DmsP2pDial *dial;
  DmsMultiaddr *address;
  DmsP2pTransport *transport;
  DmsP2pReservation *reservation;
  GCancellable *cancellable;
  GSource *timer;
  gint64 due_us;
  gboolean is_timed_out;
} DmsP2pAttempt;

/* One name. */
typedef struct
{
  DmsP2pDial *dial;
  DmsMultiaddr *address;
  gint64 begun_us;
} DmsP2pDialName;

static void dms_p2p_dial_go_on (DmsP2pDial *self);

static void
dms_p2p_dial_clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
dms_p2p_attempt_free (gpointer data)
{
  DmsP2pAttempt *self = data;

  dms_p2p_dial_clear_source (&self->timer);
  g_clear_object (&self->dial);
  g_clear_object (&self->transport);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->address, dms_multiaddr_unref);
  g_clear_pointer (&self->reservation, dms_p2p_reservation_free);
  g_free (self);
}

static void
dms_p2p_dial_dispose (GObject *object)
{
  DmsP2pDial *self = DMS_P2P_DIAL (object);

  dms_p2p_dial_clear_source (&self->watch);
  dms_p2p_dial_clear_source (&self->deadline);
  dms_p2p_dial_clear_source (&self->timer);
  if (self->dialer != NULL)
    dms_p2p_dialer_forget (self->dialer, self);
  g_queue_clear_full (&self->pending, dms_p2p_attempt_free);
  G_OBJECT_CLASS (dms_p2p_dial_parent_class)->dispose (object);
}

static void
dms_p2p_dial_finalize (GObject *object)
{
  DmsP2pDial *self = DMS_P2P_DIAL (object);

  g_clear_object (&self->dialer);
  g_clear_object (&self->own);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_clear_pointer (&self->refused, g_hash_table_unref);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->active, g_ptr_array_unref);
  g_string_free (self->failures, TRUE);
  G_OBJECT_CLASS (dms_p2p_dial_parent_class)->finalize (object);
}

static void
dms_p2p_dial_class_init (DmsP2pDialClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dms_p2p_dial_dispose;
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_dial_finalize;
}

static void
dms_p2p_dial_init (DmsP2pDial *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->own = g_cancellable_new ();
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->names = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  self->active = g_ptr_array_new ();
  self->failures = g_string_new (NULL);
  g_queue_init (&self->pending);
}

DmsP2pDial *
dms_p2p_dial_new (DmsP2pDialer *dialer, DmsPeerId *peer, DmsP2pTrace trace, gpointer trace_data)
{
  DmsP2pDial *self = g_object_new (DMS_TYPE_P2P_DIAL, NULL);

  self->dialer = g_object_ref (dialer);
  self->peer = peer != NULL ? dms_peer_id_ref (peer) : NULL;
  self->trace = trace;
  self->trace_data = trace_data;
  return self;
}

gboolean
dms_p2p_dial_has_failed (DmsP2pDial *self)
{
  return self->has_failed;
}

void
dms_p2p_dial_set_force (DmsP2pDial *self)
{
  self->is_forced = TRUE;
}

void
dms_p2p_dial_set_direct (DmsP2pDial *self)
{
  self->is_direct = TRUE;
}

static void
dms_p2p_dial_note_failure (DmsP2pDial *self, DmsMultiaddr *address, int code, const char *message)
{
  g_autofree char *reason = g_utf8_make_valid (message, (gssize) strnlen (message, DMS_P2P_DIAL_MAX_REASON));

  if (self->n_failures == 0)
    self->code = code;
  else if (self->code != code)
    self->code = -1;
  if (self->n_failures++ < DMS_P2P_DIAL_MAX_FAILURES)
    g_string_append_printf (self->failures,
                            "%s%s: %s",
                            self->failures->len > 0 ? "; " : "",
                            dms_multiaddr_get_text (address),
                            reason);
}

/* Once for each address, of so many at most. */
static void
dms_p2p_dial_refuse (DmsP2pDial *self, DmsMultiaddr *address, DmsErrorCode code, const char *message)
{
  if (g_hash_table_size (self->refused) < DMS_P2P_DIAL_MAX_ADDRESSES &&
      g_hash_table_add (self->refused, g_strdup (dms_multiaddr_get_text (address))))
    dms_p2p_dial_note_failure (self, address, (int) code, message);
}

static void
dms_p2p_dial_note_error (DmsP2pDial *self, DmsMultiaddr *address, const GError *error)
{
  dms_p2p_dial_note_failure (
      self, address, error->domain == DMS_ERROR ? error->code : DMS_ERROR_FAILED, error->message);
}

/* Gives up all that is under way. */
static void
dms_p2p_dial_stop (DmsP2pDial *self)
{
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);

  self->is_done = TRUE;
  dms_p2p_dial_clear_source (&self->watch);
  dms_p2p_dial_clear_source (&self->deadline);
  dms_p2p_dial_clear_source (&self->timer);
  dms_p2p_dialer_forget (self->dialer, self);
  for (guint i = 0; i < self->active->len; i++)
    g_ptr_array_add (cancellables, g_object_ref (((DmsP2pAttempt *) self->active->pdata[i])->cancellable));
  g_queue_clear_full (&self->pending, dms_p2p_attempt_free);
  for (guint i = 0; i < cancellables->len; i++)
    g_cancellable_cancel (cancellables->pdata[i]);
  g_cancellable_cancel (self->own);
}

static void
dms_p2p_dial_fail (DmsP2pDial *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  self->has_failed = TRUE;
  dms_p2p_dial_stop (self);
  g_task_return_error (task, error);
}

static const char *
dms_p2p_dial_get_whom (DmsP2pDial *self)
{
  return self->peer != NULL ? dms_peer_id_get_text (self->peer) : "the peer";
}

static void
dms_p2p_dial_fail_with (DmsP2pDial *self, DmsErrorCode code, const char *what)
{
  guint n_more = self->n_failures - MIN (self->n_failures, DMS_P2P_DIAL_MAX_FAILURES);
  g_autofree char *more = n_more > 0 ? g_strdup_printf ("; and %u addresses more", n_more) : g_strdup ("");

  dms_p2p_dial_fail (self,
                     g_error_new (DMS_ERROR,
                                  (int) code,
                                  "cannot connect to %s: %s%s%s%s",
                                  dms_p2p_dial_get_whom (self),
                                  what,
                                  self->n_failures > 0 && what[0] != '\0' ? ": " : "",
                                  self->failures->str,
                                  more));
}

static void
dms_p2p_dial_end_failed (DmsP2pDial *self)
{
  if (self->n_failures > 0)
    dms_p2p_dial_fail_with (self, self->code >= 0 ? (DmsErrorCode) self->code : DMS_ERROR_UNAVAILABLE, "");
  else
    dms_p2p_dial_fail_with (
        self, DMS_ERROR_NOT_FOUND, "no address is known; give one, or wait until it is discovered");
}

static void
dms_p2p_dial_on_trace (const char *step,
                       const char *detail,
                       gint64 duration_us,
                       const GError *error,
                       gpointer user_data)
{
  DmsP2pAttempt *attempt = user_data;
  DmsP2pDial *self = attempt->dial;

  if (!self->is_done && self->trace != NULL)
    self->trace (step, detail, duration_us, error, self->trace_data);
}

/* Whether it is whom it should be, and may be connected. */
static gboolean
dms_p2p_dial_check (DmsP2pDial *self, DmsP2pAttempt *attempt, DmsP2pUpgraded *upgraded, GError **error)
{
  DmsPeerId *peer = dms_p2p_public_key_get_peer_id (upgraded->key);

  if (self->peer != NULL && !dms_peer_id_equal (peer, self->peer))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_BAD_SIGNATURE,
                   "%s is there instead; check the peer ID",
                   dms_peer_id_get_text (peer));
      return FALSE;
    }
  if (dms_peer_id_equal (peer, dms_p2p_dialer_get_own (self->dialer)))
    {
      g_set_error_literal (
          error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "this node itself is there; give another address");
      return FALSE;
    }
  return dms_p2p_reservation_set_peer (attempt->reservation, peer, error);
}

static void
dms_p2p_dial_win (DmsP2pDial *self, DmsP2pAttempt *attempt, DmsP2pUpgraded *upgraded)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  dms_p2p_back_off_note_connected (dms_p2p_dialer_get_back_off (self->dialer), self->peer, attempt->address);
  if (upgraded->cookie != NULL && upgraded->cookie_free != NULL)
    upgraded->cookie_free (upgraded->cookie);
  upgraded->cookie = g_steal_pointer (&attempt->reservation);
  upgraded->cookie_free = (GDestroyNotify) dms_p2p_reservation_free;
  dms_p2p_dial_stop (self);
  g_task_return_pointer (task, upgraded, (GDestroyNotify) dms_p2p_upgraded_free);
}

static void
dms_p2p_dial_drop (DmsP2pUpgraded *upgraded)
{
  dms_p2p_muxer_close (upgraded->muxer, 0);
  dms_p2p_upgraded_free (upgraded);
}

static void
dms_p2p_dial_lose (DmsP2pDial *self, DmsP2pAttempt *attempt, const GError *error)
{
  g_autoptr (GError) late = NULL;

  if (attempt->is_timed_out)
    late = g_error_new (DMS_ERROR,
                        DMS_ERROR_TIMED_OUT,
                        "no connection within %u ms",
                        dms_p2p_dialer_get_address_timeout_ms (self->dialer));
  dms_p2p_dial_note_error (self, attempt->address, late != NULL ? late : error);
  /* A limit of this host says nothing of the other end. */
  if (late == NULL && g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY))
    return;
  dms_p2p_back_off_note_failed (
      dms_p2p_dialer_get_back_off (self->dialer), self->peer, attempt->address, g_get_monotonic_time ());
  if (self->peer != NULL)
    dms_p2p_peer_store_note_failed (dms_p2p_dialer_get_peers (self->dialer), self->peer, attempt->address);
}

static void
dms_p2p_dial_on_attempt (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pAttempt *attempt = user_data;
  g_autoptr (DmsP2pDial) self = g_object_ref (attempt->dial);
  g_autoptr (DmsP2pDialer) dialer = g_object_ref (self->dialer);
  g_autoptr (GError) error = NULL;
  DmsP2pUpgraded *upgraded = dms_p2p_transport_dial_finish (DMS_P2P_TRANSPORT (source), result, &error);
  DmsP2pAttempt *next = NULL;

  g_ptr_array_remove_fast (self->active, attempt);
  dms_p2p_dial_clear_source (&attempt->timer);
  if (upgraded != NULL && (self->is_done || !dms_p2p_dial_check (self, attempt, upgraded, &error)))
    g_clear_pointer (&upgraded, dms_p2p_dial_drop);
  if (upgraded != NULL)
    dms_p2p_dial_win (self, attempt, upgraded);
  else if (!self->is_done)
    {
      dms_p2p_dial_lose (self, attempt, error);
      /* RFC 8305, section 5: the next one need not wait any more. */
      next = g_queue_peek_head (&self->pending);
      if (next != NULL)
        next->due_us = 0;
    }
  dms_p2p_attempt_free (attempt);
  dms_p2p_dialer_release (dialer);
  dms_p2p_dial_go_on (self);
}

static gboolean
dms_p2p_dial_on_attempt_timeout (gpointer user_data)
{
  DmsP2pAttempt *attempt = user_data;
  g_autoptr (GCancellable) cancellable = g_object_ref (attempt->cancellable);

  attempt->is_timed_out = TRUE;
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static GSource *
dms_p2p_dial_new_timer (DmsP2pDial *self, guint ms, GSourceFunc function, gpointer data)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_callback (source, function, data, NULL);
  g_source_attach (source, self->context);
  return source;
}

/* Takes @attempt, which has its place with the dialer. */
static void
dms_p2p_dial_start (DmsP2pDial *self, DmsP2pAttempt *attempt)
{
  g_autoptr (GInetAddress) ip = dms_p2p_address_dup_ip (attempt->address);
  gboolean uses_descriptor = ip != NULL && !dms_p2p_address_is_quic (attempt->address);
  g_autoptr (GError) error = NULL;

  attempt->reservation = dms_p2p_limits_reserve_connection (
      dms_p2p_dialer_get_limits (self->dialer), ip, FALSE, uses_descriptor, &error);
  if (attempt->reservation == NULL)
    {
      dms_p2p_dial_note_error (self, attempt->address, error);
      dms_p2p_attempt_free (attempt);
      dms_p2p_dialer_release (self->dialer);
      return;
    }
  attempt->dial = g_object_ref (self);
  attempt->cancellable = g_cancellable_new ();
  attempt->timer = dms_p2p_dial_new_timer (
      self, dms_p2p_dialer_get_address_timeout_ms (self->dialer), dms_p2p_dial_on_attempt_timeout, attempt);
  g_ptr_array_add (self->active, attempt);
  dms_p2p_transport_dial_async (attempt->transport,
                                attempt->address,
                                self->peer,
                                dms_p2p_dial_on_trace,
                                attempt,
                                attempt->cancellable,
                                dms_p2p_dial_on_attempt,
                                attempt);
}

static gboolean
dms_p2p_dial_on_timer (gpointer user_data)
{
  g_autoptr (DmsP2pDial) self = g_object_ref (user_data);

  dms_p2p_dial_go_on (self);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_dial_on_wake (gpointer user_data)
{
  g_autoptr (DmsP2pDial) self = g_object_ref (user_data);

  self->is_waiting = FALSE;
  dms_p2p_dial_go_on (self);
}

/* Whether the next one may start now; otherwise somebody calls again. */
static gboolean
dms_p2p_dial_is_due (DmsP2pDial *self, DmsP2pAttempt *next)
{
  gint64 left_us = next->due_us - g_get_monotonic_time ();

  if (self->active->len >= DMS_P2P_DIAL_MAX_ACTIVE || self->is_waiting)
    return FALSE;
  if (left_us > 0)
    {
      self->timer =
          dms_p2p_dial_new_timer (self, (guint) ((left_us + 999) / 1000), dms_p2p_dial_on_timer, self);
      return FALSE;
    }
  self->is_waiting = !dms_p2p_dialer_acquire (self->dialer, dms_p2p_dial_on_wake, self);
  return !self->is_waiting;
}

static void
dms_p2p_dial_go_on (DmsP2pDial *self)
{
  g_autoptr (DmsP2pDial) keep = g_object_ref (self);

  dms_p2p_dial_clear_source (&self->timer);
  while (!self->is_done && self->task != NULL && !g_queue_is_empty (&self->pending) &&
         dms_p2p_dial_is_due (self, g_queue_peek_head (&self->pending)))
    dms_p2p_dial_start (self, g_queue_pop_head (&self->pending));
  if (!self->is_done && self->task != NULL && self->active->len == 0 && self->n_resolving == 0 &&
      g_queue_is_empty (&self->pending))
    dms_p2p_dial_end_failed (self);
}

/* NULL when it is worth trying. */
static char *
dms_p2p_dial_find_fault (DmsP2pDial *self, DmsMultiaddr *address, DmsErrorCode *code)
{
  gint64 left_us = 0;

  *code = DMS_ERROR_INVALID_ARGUMENT;
  if (dms_p2p_address_get_reach (address) == DMS_P2P_REACH_NONE)
    return g_strdup ("nobody can be there");
  if (dms_p2p_dialer_is_own_address (self->dialer, address))
    return g_strdup ("this node itself listens there");
  *code = DMS_ERROR_NOT_SUPPORTED;
  if (dms_p2p_dialer_find_transport (self->dialer, address) == NULL)
    return g_strdup ("no transport goes there");
  *code = DMS_ERROR_UNAVAILABLE;
  if (!self->is_forced)
    left_us = dms_p2p_back_off_get_left_us (
        dms_p2p_dialer_get_back_off (self->dialer), self->peer, address, g_get_monotonic_time ());
  if (left_us > 0)
    return g_strdup_printf ("it failed lately, and is let alone for %" G_GINT64_FORMAT " s more",
                            (left_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
  return NULL;
}

static gint
dms_p2p_attempt_compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 left = ((const DmsP2pAttempt *) a)->due_us;
  gint64 right = ((const DmsP2pAttempt *) b)->due_us;

  return left < right ? -1 : left > right;
}

/* Addresses that are no names. */
static void
dms_p2p_dial_schedule (DmsP2pDial *self, GPtrArray *addresses)
{
  g_autoptr (GArray) plan = dms_p2p_dial_plan_new (addresses);
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; i < plan->len; i++)
    {
      const DmsP2pDialStep *step = &g_array_index (plan, DmsP2pDialStep, i);
      DmsP2pAttempt *attempt = g_new0 (DmsP2pAttempt, 1);

      attempt->address = dms_multiaddr_ref (step->address);
      attempt->transport = g_object_ref (dms_p2p_dialer_find_transport (self->dialer, step->address));
      /* Through two NATs both ends have to dial at the same moment: nothing waits for its turn. */
      attempt->due_us = now_us + (self->is_direct ? 0 : (gint64) step->delay_ms * 1000);
      g_queue_insert_sorted (&self->pending, attempt, dms_p2p_attempt_compare, NULL);
    }
}

/* The address without the peer it names; NULL when that is another one than wanted. */
static DmsMultiaddr *
dms_p2p_dial_dup_plain (DmsP2pDial *self, DmsMultiaddr *address)
{
  g_autoptr (DmsPeerId) named = dms_multiaddr_dup_peer_id (address);

  if (named == NULL)
    return dms_multiaddr_ref (address);
  if (self->peer != NULL && !dms_peer_id_equal (named, self->peer))
    {
      dms_p2p_dial_refuse (self, address, DMS_ERROR_INVALID_ARGUMENT, "it names another peer");
      return NULL;
    }
  return dms_multiaddr_dup_without_peer_id (address);
}

static void
dms_p2p_dial_add_plain (DmsP2pDial *self, GPtrArray *addresses)
{
  g_autoptr (GPtrArray) good = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr (DmsMultiaddr) plain = dms_p2p_dial_dup_plain (self, addresses->pdata[i]);
      g_autofree char *fault = NULL;
      DmsErrorCode code = DMS_ERROR_FAILED;

      if (plain == NULL || g_hash_table_contains (self->seen, dms_multiaddr_get_text (plain)) ||
          g_hash_table_size (self->seen) >= DMS_P2P_DIAL_MAX_ADDRESSES ||
          (self->is_direct && dms_p2p_address_is_relayed (plain)))
        continue;
      fault = dms_p2p_dial_find_fault (self, plain, &code);
      if (fault != NULL)
        {
          dms_p2p_dial_refuse (self, plain, code, fault);
          continue;
        }
      g_hash_table_add (self->seen, g_strdup (dms_multiaddr_get_text (plain)));
      g_ptr_array_add (good, g_steal_pointer (&plain));
    }
  dms_p2p_dial_schedule (self, good);
}

static void
dms_p2p_dial_on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsP2pDialName *name = user_data;
  g_autoptr (DmsP2pDial) self = g_steal_pointer (&name->dial);
  g_autoptr (DmsMultiaddr) address = g_steal_pointer (&name->address);
  gint64 duration_us = g_get_monotonic_time () - name->begun_us;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = dms_p2p_resolver_resolve_finish (DMS_P2P_RESOLVER (source), result, &error);
  g_autofree char *detail = NULL;

  g_free (name);
  self->n_resolving--;
  if (self->is_done)
    return;
  detail = found != NULL ? g_strdup_printf ("%s: %u addresses", dms_multiaddr_get_text (address), found->len)
                         : g_strdup (dms_multiaddr_get_text (address));
  if (self->trace != NULL)
    self->trace ("resolve", detail, duration_us, error, self->trace_data);
  if (found != NULL)
    dms_p2p_dial_add_plain (self, found);
  else
    dms_p2p_dial_note_error (self, address, error);
  dms_p2p_dial_go_on (self);
}

static void
dms_p2p_dial_resolve (DmsP2pDial *self)
{
  for (guint i = 0; i < self->names->len; i++)
    {
      DmsP2pDialName *name = g_new0 (DmsP2pDialName, 1);

      name->dial = g_object_ref (self);
      name->address = dms_multiaddr_ref (self->names->pdata[i]);
      name->begun_us = g_get_monotonic_time ();
      self->n_resolving++;
      dms_p2p_resolver_resolve_async (dms_p2p_dialer_get_resolver (self->dialer),
                                      name->address,
                                      self->own,
                                      dms_p2p_dial_on_resolved,
                                      name);
    }
  g_ptr_array_set_size (self->names, 0);
}

/**
 * dms_p2p_dial_add_addresses:
 * @self: a dial
 * @addresses: (element-type DmsMultiaddr): where the peer may be, with its `/p2p` or without
 *
 * More places to try.
 */
void
dms_p2p_dial_add_addresses (DmsP2pDial *self, GPtrArray *addresses)
{
  g_autoptr (GPtrArray) plain = g_ptr_array_new ();

  if (self->is_done)
    return;
  for (guint i = 0; i < addresses->len; i++)
    {
      DmsMultiaddr *address = addresses->pdata[i];

      if (!dms_p2p_resolver_is_name (address))
        g_ptr_array_add (plain, address);
      else if (self->n_names < DMS_P2P_DIAL_MAX_NAMES &&
               g_hash_table_add (self->seen, g_strdup (dms_multiaddr_get_text (address))))
        {
          self->n_names++;
          g_ptr_array_add (self->names, dms_multiaddr_ref (address));
        }
    }
  dms_p2p_dial_add_plain (self, plain);
  if (self->task == NULL)
    return;
  dms_p2p_dial_resolve (self);
  dms_p2p_dial_go_on (self);
}

static gboolean
dms_p2p_dial_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (DmsP2pDial) self = g_object_ref (user_data);

  if (!self->is_done)
    dms_p2p_dial_fail_with (self, DMS_ERROR_CANCELLED, "cancelled");
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_dial_on_deadline (gpointer user_data)
{
  g_autoptr (DmsP2pDial) self = g_object_ref (user_data);
  g_autofree char *what =
      g_strdup_printf ("no answer within %u ms", dms_p2p_dialer_get_total_timeout_ms (self->dialer));

  if (!self->is_done)
    dms_p2p_dial_fail_with (self, DMS_ERROR_TIMED_OUT, what);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_dial_run_async (DmsP2pDial *self,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  gint64 now_us = g_get_monotonic_time ();
  DmsP2pAttempt *first = g_queue_peek_head (&self->pending);

  self->task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->task, dms_p2p_dial_run_async);
  if (cancellable != NULL)
    {
      self->watch = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->watch, G_SOURCE_FUNC (dms_p2p_dial_on_cancelled), self, NULL);
      g_source_attach (self->watch, self->context);
    }
  self->deadline = dms_p2p_dial_new_timer (
      self, dms_p2p_dialer_get_total_timeout_ms (self->dialer), dms_p2p_dial_on_deadline, self);
  if (first != NULL)
    first->due_us = now_us;
  dms_p2p_dial_resolve (self);
  dms_p2p_dial_go_on (self);
}

DmsP2pUpgraded *
dms_p2p_dial_run_finish (DmsP2pDial *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

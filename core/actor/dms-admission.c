/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-admission.h"

#include "actor/dms-peer-gate.h"

/* Broadcasts that were passed on, so that nobody passes the same one on again for its publisher. They are
 * held for all; a publisher who has more under way is passed on no further. */
#define MAX_FORWARDED_PER_PEER 4096
#define MAX_FORWARDED 65536

struct _DmsAdmission
{
  DmsRefusals *refusals;
  DmsPeerGate *gate;
  DmsLimiter *limiter;
  DmsLimiter *forwarding;
  DmsReplayGuard *seen;
  DmsReplayGuard *forwarded;
};

static guint64
now_ns (void)
{
  return (guint64) g_get_real_time () * 1000;
}

DmsAdmission *
dms_admission_new (void)
{
  DmsAdmission *self = g_new0 (DmsAdmission, 1);
  DmsLimits limits;

  self->refusals = dms_refusals_new ();
  self->seen = dms_replay_guard_new (DMS_REPLAY_GUARD_MAX_PER_OWNER, DMS_REPLAY_GUARD_MAX_TOTAL);
  self->forwarded = dms_replay_guard_new (MAX_FORWARDED_PER_PEER, MAX_FORWARDED);
  dms_limits_init (&limits);
  dms_admission_set_limits (self, &limits);
  return self;
}

void
dms_admission_free (DmsAdmission *self)
{
  dms_peer_gate_free (self->gate);
  dms_limiter_unref (self->limiter);
  dms_limiter_unref (self->forwarding);
  dms_replay_guard_free (self->seen);
  dms_replay_guard_free (self->forwarded);
  dms_refusals_free (self->refusals);
  g_free (self);
}

void
dms_admission_set_limits (DmsAdmission *self, const DmsLimits *limits)
{
  g_clear_pointer (&self->gate, dms_peer_gate_free);
  g_clear_pointer (&self->limiter, dms_limiter_unref);
  g_clear_pointer (&self->forwarding, dms_limiter_unref);
  self->gate = dms_peer_gate_new (&limits->refused);
  self->limiter = dms_limiter_new (limits);
  self->forwarding = dms_limiter_new (limits);
}

void
dms_admission_set_replay_guard (DmsAdmission *self, DmsReplayGuard *guard)
{
  dms_replay_guard_free (self->seen);
  self->seen = guard;
}

DmsRefusals *
dms_admission_get_refusals (DmsAdmission *self)
{
  return self->refusals;
}

gboolean
dms_admission_listens_to (DmsAdmission *self, const char *peer, const char *inbox)
{
  if (peer == NULL || dms_peer_gate_is_open (self->gate, peer, now_ns ()))
    return TRUE;
  dms_refusals_note (self->refusals, DMS_REFUSAL_RATE_LIMITED, NULL, peer, inbox, NULL,
                     "too many messages of this peer are refused; it is not listened to for a while");
  return FALSE;
}

void
dms_admission_refuse (DmsAdmission *self,
                      DmsRefusal refusal,
                      const char *rule,
                      const char *peer,
                      const char *inbox,
                      DmsEnvelope *envelope,
                      const char *why)
{
  dms_refusals_note (self->refusals, refusal, rule, peer, inbox, envelope, why);
  if (peer != NULL)
    dms_peer_gate_note (self->gate, peer, refusal, now_ns ());
}

/* Broadcasts */

/* Counts what is not delivered and not passed on. */
static DmsValidation
turn_down (DmsAdmission *self,
           DmsValidation validation,
           DmsRefusal refusal,
           const char *topic,
           const char *peer,
           DmsEnvelope *envelope,
           const char *why)
{
  dms_admission_refuse (self, refusal, NULL, peer, topic, envelope, why);
  return validation;
}

/* The cheap checks. Clocks differ and networks are slow: being late is nobody's fault. */
static gboolean
find_fault (DmsEnvelope *envelope, const char *topic, const char *peer, DmsRefusal *refusal, const char **why)
{
  const char *host = dms_handle_get_host (dms_envelope_get_from (envelope));

  if (!dms_envelope_is_broadcast (envelope) || !g_str_equal (dms_envelope_get_topic (envelope), topic))
    {
      *refusal = DMS_REFUSAL_WRONG_ADDRESS;
      *why = "it is no broadcast on this topic";
      return TRUE;
    }
  if (peer != NULL && !g_str_equal (host, peer))
    {
      *refusal = DMS_REFUSAL_WRONG_HOST;
      *why = "its sender is on another peer than the one that published it";
      return TRUE;
    }
  if (dms_envelope_get_expiry_ns (envelope) < now_ns ())
    {
      *refusal = DMS_REFUSAL_EXPIRED;
      *why = "it expired on the way";
      return TRUE;
    }
  return FALSE;
}

/* Within its publisher's share, and not passed on before. */
static gboolean
is_due (DmsAdmission *self,
        DmsEnvelope *envelope,
        const char *topic,
        const char *peer,
        gsize size,
        DmsRefusal *refusal)
{
  const char *sender = dms_handle_get_id (dms_envelope_get_from (envelope));
  guint64 expiry_ns = dms_envelope_get_expiry_ns (envelope);
  guint64 now = now_ns ();
  g_autoptr (DmsPermit) permit = NULL;

  /* Our own: a transport may ask once when they leave and once when they are delivered here. */
  if (peer == NULL)
    return TRUE;
  permit = dms_limiter_admit (self->forwarding, DMS_TRAFFIC_BROADCAST, peer, topic, size, expiry_ns, now,
                              refusal);
  if (permit == NULL)
    return FALSE;
  *refusal = DMS_REFUSAL_REPLAYED;
  return dms_replay_guard_add (self->forwarded, topic, sender, peer,
                               dms_envelope_get_nonce (envelope), expiry_ns, now, NULL)
         == DMS_REPLAY_NEW;
}

DmsValidation
dms_admission_judge (DmsAdmission *self,
                     const char *topic,
                     const char *peer,
                     DmsEnvelope *envelope,
                     gsize size,
                     const GError *error)
{
  DmsRefusal refusal;
  const char *why;

  /* What gave way to others is nobody's fault. */
  if (envelope == NULL)
    return turn_down (self,
                      g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY) ? DMS_VALIDATION_IGNORE
                                                                         : DMS_VALIDATION_REJECT,
                      dms_refusal_of_error (error), topic, peer, NULL, error->message);
  /* What other implementations may pass on in good faith is not held against those who did. */
  if (find_fault (envelope, topic, peer, &refusal, &why))
    return turn_down (self,
                      refusal == DMS_REFUSAL_WRONG_ADDRESS ? DMS_VALIDATION_REJECT : DMS_VALIDATION_IGNORE,
                      refusal, topic, peer, envelope, why);
  if (!dms_envelope_verify_signature (envelope))
    return turn_down (self, DMS_VALIDATION_REJECT, DMS_REFUSAL_BAD_SIGNATURE, topic, peer, envelope,
                      "its signature was not made by its sender");
  if (!is_due (self, envelope, topic, peer, size, &refusal))
    return turn_down (self, DMS_VALIDATION_IGNORE, refusal, topic, peer, envelope,
                      "its publisher has passed it on before, or publishes too much");
  return DMS_VALIDATION_ACCEPT;
}

DmsValidation
dms_admission_validate (DmsAdmission *self, const char *topic, const char *peer, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) envelope = NULL;

  if (!dms_admission_listens_to (self, peer, topic))
    return DMS_VALIDATION_IGNORE;
  envelope = dms_envelope_new_from_bytes (bytes, &error);
  return dms_admission_judge (self, topic, peer, envelope, g_bytes_get_size (bytes), error);
}

/* Messages */

gboolean
dms_admission_has_seen (DmsAdmission *self, const char *inbox, DmsEnvelope *envelope)
{
  return dms_envelope_get_authority (envelope) == NULL
         && dms_replay_guard_has_seen (self->seen, inbox,
                                       dms_handle_get_id (dms_envelope_get_from (envelope)),
                                       dms_envelope_get_nonce (envelope), now_ns ());
}

/* What a message keeps in memory while it is handled, about. */
static gsize
size_of (DmsEnvelope *envelope)
{
  GBytes *payload = dms_envelope_get_payload (envelope);
  GBytes *capability = dms_envelope_get_capability (envelope);

  return (payload != NULL ? g_bytes_get_size (payload) : 0)
         + (capability != NULL ? g_bytes_get_size (capability) : 0);
}

static DmsPermit *
ask_limiter (DmsAdmission *self, DmsEnvelope *envelope, const char *owner, guint64 now, DmsRefusal *refusal)
{
  gboolean is_broadcast = dms_envelope_is_broadcast (envelope);

  return dms_limiter_admit (self->limiter,
                            dms_traffic_of (dms_envelope_get_behaviour (envelope), is_broadcast), owner,
                            dms_envelope_get_topic (envelope), size_of (envelope),
                            dms_envelope_get_expiry_ns (envelope), now, refusal);
}

static gboolean
remember (DmsAdmission *self,
          const char *inbox,
          DmsEnvelope *envelope,
          const char *owner,
          guint64 now,
          DmsRefusal *refusal,
          GError **error)
{
  DmsReplayAnswer answer =
      dms_replay_guard_add (self->seen, inbox, dms_handle_get_id (dms_envelope_get_from (envelope)), owner,
                            dms_envelope_get_nonce (envelope), dms_envelope_get_expiry_ns (envelope), now,
                            error);

  switch (answer)
    {
    case DMS_REPLAY_NEW:
      return TRUE;
    case DMS_REPLAY_SEEN:
      *refusal = DMS_REFUSAL_REPLAYED;
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_REPLAYED, "the message was accepted before");
      return FALSE;
    case DMS_REPLAY_FORGOTTEN:
      *refusal = DMS_REFUSAL_NOT_REMEMBERED;
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_REPLAYED,
                           "the message cannot be told from one that was accepted before and forgotten");
      return FALSE;
    default:
      *refusal = DMS_REFUSAL_NOT_REMEMBERED;
      return FALSE;
    }
}

DmsPermit *
dms_admission_admit (DmsAdmission *self,
                     const char *inbox,
                     DmsEnvelope *envelope,
                     const char *owner,
                     gboolean limited,
                     DmsRefusal *refusal,
                     GError **error)
{
  guint64 now = now_ns ();
  g_autoptr (DmsPermit) permit = NULL;

  permit = limited ? ask_limiter (self, envelope, owner, now, refusal) : dms_permit_new_free ();
  if (permit == NULL)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BUSY,
                           *refusal == DMS_REFUSAL_RATE_LIMITED
                             ? "its sender, its topic or everybody sends more messages than is allowed"
                             : "its sender or everybody has more messages under way than is allowed");
      return NULL;
    }
  /* What was never on a wire and has no signature cannot come again. */
  if (dms_envelope_get_authority (envelope) == NULL
      && !remember (self, inbox, envelope, owner, now, refusal, error))
    return NULL;
  return g_steal_pointer (&permit);
}

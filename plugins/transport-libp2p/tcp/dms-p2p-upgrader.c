/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tcp/dms-p2p-upgrader.h"

#include "io/dms-p2p-source.h"
#include "multistream/dms-p2p-multistream.h"
#include "noise/dms-p2p-noise.h"
#include "pnet/dms-p2p-pnet-pipe.h"
#include "security/dms-p2p-secured.h"
#include "tls/dms-p2p-tls.h"
#include "yamux/dms-p2p-yamux.h"

typedef struct
{
  const char *protocol;
  void (*handshake_async) (DmsP2pPipe *raw,
                           DmsP2pIdentity *identity,
                           gboolean is_client,
                           DmsPeerId *expected,
                           const char *const *muxers,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
  DmsP2pSecured *(*handshake_finish) (GAsyncResult *result, GError **error);
} DmsP2pSecurity;

/* All there are, best first: AES in hardware makes TLS the faster one, and go-libp2p puts it first, too. */
static const DmsP2pSecurity dms_p2p_upgrader_securities[] = {
  { DMS_P2P_TLS_PROTOCOL, dms_p2p_tls_handshake_async, dms_p2p_tls_handshake_finish },
  { DMS_P2P_NOISE_PROTOCOL, dms_p2p_noise_handshake_async, dms_p2p_noise_handshake_finish },
};

static const char *const dms_p2p_upgrader_muxers[] = { DMS_P2P_YAMUX_PROTOCOL, NULL };

struct _DmsP2pUpgrader
{
  gatomicrefcount ref_count;
  DmsP2pIdentity *identity;
  const DmsP2pSecurity *securities[G_N_ELEMENTS (dms_p2p_upgrader_securities)];
  /* The same as names, NULL-terminated. */
  const char *protocols[G_N_ELEMENTS (dms_p2p_upgrader_securities) + 1];
  guint n_securities;
};

/* One upgrade. */
typedef struct
{
  DmsP2pUpgrader *upgrader;
  DmsP2pPipe *raw;
  DmsPeerId *expected;
  gboolean is_client;
  DmsP2pTrace trace;
  gpointer trace_data;
  const DmsP2pSecurity *security;
  DmsP2pSecured *secured;
  gint64 begun_us;

  /* Ends what is under way, when the caller or the time says so. */
  GCancellable *inner;
  GCancellable *outer;
  gulong outer_id;
  GSource *timeout;
  gboolean is_late;
} DmsP2pUpgrade;

static const DmsP2pSecurity *
dms_p2p_upgrader_find (DmsP2pUpgrader *self, const char *protocol)
{
  for (guint i = 0; i < self->n_securities; i++)
    if (g_str_equal (self->securities[i]->protocol, protocol))
      return self->securities[i];
  return NULL;
}

static gboolean
dms_p2p_upgrader_add (DmsP2pUpgrader *self, const char *protocol, GError **error)
{
  if (dms_p2p_upgrader_find (self, protocol) != NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (dms_p2p_upgrader_securities); i++)
    if (g_str_equal (dms_p2p_upgrader_securities[i].protocol, protocol))
      {
        self->protocols[self->n_securities] = dms_p2p_upgrader_securities[i].protocol;
        self->securities[self->n_securities++] = &dms_p2p_upgrader_securities[i];
        return TRUE;
      }
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_SUPPORTED,
               "there is no security protocol %s; use %s or %s",
               protocol,
               DMS_P2P_TLS_PROTOCOL,
               DMS_P2P_NOISE_PROTOCOL);
  return FALSE;
}

DmsP2pUpgrader *
dms_p2p_upgrader_new (DmsP2pIdentity *identity, const char *const *securities, GError **error)
{
  static const char *const all[] = { DMS_P2P_TLS_PROTOCOL, DMS_P2P_NOISE_PROTOCOL, NULL };
  g_autoptr (DmsP2pUpgrader) self = g_new0 (DmsP2pUpgrader, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->identity = dms_p2p_identity_ref (identity);
  if (securities == NULL || securities[0] == NULL)
    securities = all;
  for (guint i = 0; securities[i] != NULL; i++)
    if (!dms_p2p_upgrader_add (self, securities[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

DmsP2pUpgrader *
dms_p2p_upgrader_ref (DmsP2pUpgrader *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dms_p2p_upgrader_unref (DmsP2pUpgrader *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->identity, dms_p2p_identity_unref);
  g_free (self);
}

gboolean
dms_p2p_upgrader_may_retry (DmsP2pUpgrader *self, guint attempt, const GError *error)
{
  return attempt == 0 && self->n_securities > 1 &&
         (g_error_matches (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED) ||
          g_error_matches (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE));
}

static void
dms_p2p_upgrade_stop (DmsP2pUpgrade *self)
{
  dms_p2p_source_drop (&self->timeout);
  if (self->outer_id != 0)
    g_cancellable_disconnect (self->outer, self->outer_id);
  self->outer_id = 0;
}

static void
dms_p2p_upgrade_free (gpointer data)
{
  DmsP2pUpgrade *self = data;

  dms_p2p_upgrade_stop (self);
  g_clear_object (&self->inner);
  g_clear_object (&self->outer);
  g_clear_object (&self->raw);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_clear_pointer (&self->secured, dms_p2p_secured_free);
  g_clear_pointer (&self->upgrader, dms_p2p_upgrader_unref);
  g_free (self);
}

static void
dms_p2p_upgrade_tell (DmsP2pUpgrade *self, const char *step, const char *detail, const GError *error)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->trace != NULL)
    self->trace (step, detail, now_us - self->begun_us, error, self->trace_data);
  self->begun_us = now_us;
}

/* Takes @task and @error. */
static void
dms_p2p_upgrade_fail (GTask *task, const char *step, const char *detail, GError *error)
{
  DmsP2pUpgrade *self = g_task_get_task_data (task);

  if (self->is_late && g_error_matches (error, DMS_ERROR, DMS_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      error =
          g_error_new (DMS_ERROR,
                       DMS_ERROR_TIMED_OUT,
                       "making a connection of it took longer than %d s; the peer or the network is too slow",
                       DMS_P2P_UPGRADER_TIMEOUT_S);
    }
  dms_p2p_upgrade_stop (self);
  dms_p2p_pipe_close (self->secured != NULL ? self->secured->pipe : self->raw);
  dms_p2p_upgrade_tell (self, step, detail, error);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* Takes @task. */
static void
dms_p2p_upgrade_end (GTask *task)
{
  DmsP2pUpgrade *self = g_task_get_task_data (task);
  DmsP2pUpgraded *upgraded = g_new0 (DmsP2pUpgraded, 1);

  dms_p2p_upgrade_stop (self);
  upgraded->muxer = dms_p2p_yamux_new (self->secured->pipe, self->is_client);
  upgraded->key = dms_p2p_public_key_ref (self->secured->key);
  upgraded->is_inbound = !self->is_client;
  upgraded->security = self->security->protocol;
  upgraded->muxer_protocol = DMS_P2P_YAMUX_PROTOCOL;
  dms_p2p_upgrade_tell (self, "mux", DMS_P2P_YAMUX_PROTOCOL, NULL);
  g_task_return_pointer (task, upgraded, (GDestroyNotify) dms_p2p_upgraded_free);
  g_object_unref (task);
}

static gboolean
dms_p2p_upgrade_knows_muxer (const char *protocol, gpointer user_data)
{
  return g_str_equal (protocol, DMS_P2P_YAMUX_PROTOCOL);
}

static void
dms_p2p_upgrade_on_muxer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pUpgrade *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char *protocol = self->is_client ? dms_p2p_multistream_select_finish (result, &error)
                                              : dms_p2p_multistream_accept_finish (result, &error);

  if (protocol == NULL)
    dms_p2p_upgrade_fail (task, "mux", DMS_P2P_YAMUX_PROTOCOL, g_steal_pointer (&error));
  else
    dms_p2p_upgrade_end (task);
}

static void
dms_p2p_upgrade_on_secured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pUpgrade *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  self->secured = self->security->handshake_finish (result, &error);
  if (self->secured == NULL)
    {
      dms_p2p_upgrade_fail (task, "secure", self->security->protocol, g_steal_pointer (&error));
      return;
    }
  dms_p2p_upgrade_tell (self, "secure", self->security->protocol, NULL);
  if (self->secured->muxer != NULL)
    dms_p2p_upgrade_end (task);
  else if (self->is_client)
    dms_p2p_multistream_select_async (
        self->secured->pipe, dms_p2p_upgrader_muxers, self->inner, dms_p2p_upgrade_on_muxer, task);
  else
    dms_p2p_multistream_accept_async (
        self->secured->pipe, dms_p2p_upgrade_knows_muxer, NULL, self->inner, dms_p2p_upgrade_on_muxer, task);
}

static void
dms_p2p_upgrade_secure (GTask *task)
{
  DmsP2pUpgrade *self = g_task_get_task_data (task);

  self->security->handshake_async (self->raw,
                                   self->upgrader->identity,
                                   self->is_client,
                                   self->expected,
                                   dms_p2p_upgrader_muxers,
                                   self->inner,
                                   dms_p2p_upgrade_on_secured,
                                   task);
}

static gboolean
dms_p2p_upgrade_knows_security (const char *protocol, gpointer user_data)
{
  return dms_p2p_upgrader_find (user_data, protocol) != NULL;
}

static void
dms_p2p_upgrade_on_security (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  DmsP2pUpgrade *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char *protocol = self->is_client ? dms_p2p_multistream_select_finish (result, &error)
                                              : dms_p2p_multistream_accept_finish (result, &error);

  if (protocol == NULL)
    {
      dms_p2p_upgrade_fail (task, "secure", "multistream", g_steal_pointer (&error));
      return;
    }
  self->security = dms_p2p_upgrader_find (self->upgrader, protocol);
  dms_p2p_upgrade_secure (task);
}

static gboolean
dms_p2p_upgrade_on_timeout (gpointer user_data)
{
  DmsP2pUpgrade *self = user_data;

  self->is_late = TRUE;
  g_cancellable_cancel (self->inner);
  return G_SOURCE_REMOVE;
}

static void
dms_p2p_upgrade_on_cancelled (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/* Below all else that is said, in a private network. */
static DmsP2pPipe *
dms_p2p_upgrader_protect (DmsP2pUpgrader *self, DmsP2pPipe *raw)
{
  GBytes *key = dms_p2p_identity_get_network_key (self->identity);

  return key != NULL ? dms_p2p_pnet_pipe_new (raw, key) : g_object_ref (raw);
}

static GTask *
dms_p2p_upgrade_new (DmsP2pUpgrader *upgrader,
                     DmsP2pPipe *raw,
                     gboolean is_client,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  DmsP2pUpgrade *self = g_new0 (DmsP2pUpgrade, 1);

  self->upgrader = dms_p2p_upgrader_ref (upgrader);
  self->raw = g_object_ref (raw);
  self->is_client = is_client;
  self->begun_us = g_get_monotonic_time ();
  self->inner = g_cancellable_new ();
  g_task_set_task_data (task, self, dms_p2p_upgrade_free);
  g_task_set_source_tag (task, dms_p2p_upgrade_new);
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->outer_id = g_cancellable_connect (
          cancellable, G_CALLBACK (dms_p2p_upgrade_on_cancelled), g_object_ref (self->inner), g_object_unref);
    }
  self->timeout = g_timeout_source_new_seconds (DMS_P2P_UPGRADER_TIMEOUT_S);
  g_source_set_callback (self->timeout, dms_p2p_upgrade_on_timeout, self, NULL);
  g_source_attach (self->timeout, g_task_get_context (task));
  return task;
}

void
dms_p2p_upgrader_dial_async (DmsP2pUpgrader *self,
                             DmsP2pPipe *raw,
                             guint attempt,
                             DmsPeerId *expected,
                             DmsP2pTrace trace,
                             gpointer trace_data,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (DmsP2pPipe) base = dms_p2p_upgrader_protect (self, raw);
  g_autoptr (DmsP2pPipe) pipe = NULL;
  GTask *task = NULL;
  DmsP2pUpgrade *upgrade = NULL;

  if (attempt == 0)
    pipe = dms_p2p_multistream_lazy_new (base, self->securities[0]->protocol);
  else
    pipe = g_object_ref (base);
  task = dms_p2p_upgrade_new (self, pipe, TRUE, cancellable, callback, user_data);
  upgrade = g_task_get_task_data (task);
  upgrade->expected = expected != NULL ? dms_peer_id_ref (expected) : NULL;
  upgrade->trace = trace;
  upgrade->trace_data = trace_data;
  if (attempt == 0)
    {
      upgrade->security = self->securities[0];
      dms_p2p_upgrade_secure (task);
      return;
    }
  dms_p2p_multistream_select_async (pipe, self->protocols, upgrade->inner, dms_p2p_upgrade_on_security, task);
}

void
dms_p2p_upgrader_accept_async (DmsP2pUpgrader *self,
                               DmsP2pPipe *raw,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (DmsP2pPipe) base = dms_p2p_upgrader_protect (self, raw);
  GTask *task = dms_p2p_upgrade_new (self, base, FALSE, cancellable, callback, user_data);
  DmsP2pUpgrade *upgrade = g_task_get_task_data (task);

  dms_p2p_multistream_accept_async (
      base, dms_p2p_upgrade_knows_security, self, upgrade->inner, dms_p2p_upgrade_on_security, task);
}

DmsP2pUpgraded *
dms_p2p_upgrader_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tls/dms-p2p-tls-pipe.h"

#include <errno.h>
#include <string.h>
#ifdef __aarch64__
#include <sys/auxv.h>
#endif

#include "tls/dms-p2p-certificate-private.h"

/**
 * DmsP2pTlsPipe:
 *
 * TLS 1.3 over a pipe. GnuTLS reads from and writes to the buffers of the channel, so that a call to the
 * system carries many records.
 */

/* Nobody gets less than TLS 1.3. The ciphers stand between these two. */
#define DMS_P2P_TLS_PRIORITY_HEAD "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:"
#define DMS_P2P_TLS_PRIORITY_TAIL                                                                            \
  ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"
#define DMS_P2P_TLS_PRIORITY_AES                                                                             \
  DMS_P2P_TLS_PRIORITY_HEAD "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305" DMS_P2P_TLS_PRIORITY_TAIL
#define DMS_P2P_TLS_PRIORITY_CHACHA                                                                          \
  DMS_P2P_TLS_PRIORITY_HEAD "+CHACHA20-POLY1305:+AES-128-GCM:+AES-256-GCM" DMS_P2P_TLS_PRIORITY_TAIL
/* A record's plain text (RFC 8446, 5.1). */
#define DMS_P2P_TLS_RECORD ((gsize) 16384)
/* The head of a record: type, version, length. */
#define DMS_P2P_TLS_HEADER 5
/* Messages of a handshake: a certificate of 16 KiB at most, and what is around it. */
#define DMS_P2P_TLS_MAX_MESSAGE 32768
/* How many records in a row may bring no bytes (tickets, changes of keys), before the main loop has its turn.
 */
#define DMS_P2P_TLS_MAX_EMPTY 16
/* How many reads of the raw pipe, or messages that change nothing, one step of the handshake takes. */
#define DMS_P2P_TLS_MAX_ROUNDS 16
#define DMS_P2P_TLS_ALPN       "libp2p"
#define DMS_P2P_TLS_MAX_MUXERS 16

struct _DmsP2pTlsPipe
{
  DmsP2pChannel parent_instance;

  gnutls_session_t session;
  DmsP2pCertificate *certificate;
  DmsPeerId *expected;
  DmsP2pPublicKey *key;
  /* Why the peer's certificate is refused, from within GnuTLS. */
  GError *refused;
  /* GnuTLS has asked for more than the input has. */
  gboolean is_starved;
  gboolean is_shaken;
};

G_DEFINE_FINAL_TYPE (DmsP2pTlsPipe, dms_p2p_tls_pipe, DMS_TYPE_P2P_CHANNEL)

static DmsError
dms_p2p_tls_pipe_map_code (int code)
{
  switch (code)
    {
    case GNUTLS_E_PREMATURE_TERMINATION:
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
      return DMS_ERROR_IO;
    case GNUTLS_E_MEMORY_ERROR:
      return DMS_ERROR_NO_RESOURCES;
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_CERTIFICATE_REQUIRED:
    case GNUTLS_E_CERTIFICATE_ERROR:
      return DMS_ERROR_NOT_AUTHORIZED;
    case GNUTLS_E_NO_APPLICATION_PROTOCOL:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_NO_CIPHER_SUITES:
      return DMS_ERROR_INCOMPATIBLE;
    default:
      return DMS_ERROR_INVALID_DATA;
    }
}

static gssize
dms_p2p_tls_pipe_fail (DmsP2pTlsPipe *self, const char *doing, int code, GError **error)
{
  if (self->refused != NULL)
    {
      if (error != NULL)
        *error = g_error_copy (self->refused);
      return -1;
    }
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
    {
      const char *alert = gnutls_alert_get_name (gnutls_alert_get (self->session));

      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_IO,
                   "%s failed: the peer says: %s",
                   doing,
                   alert != NULL ? alert : "an unknown alert");
      return -1;
    }
  g_set_error (
      error, DMS_ERROR, dms_p2p_tls_pipe_map_code (code), "%s failed: %s", doing, gnutls_strerror (code));
  return -1;
}

static ssize_t
dms_p2p_tls_pipe_pull (gnutls_transport_ptr_t data, void *buffer, size_t size)
{
  DmsP2pTlsPipe *self = data;
  DmsP2pBuffer *in = dms_p2p_channel_get_in (DMS_P2P_CHANNEL (self));
  gsize n = MIN (size, dms_p2p_buffer_get_size (in));

  if (n == 0 && dms_p2p_channel_has_raw_ended (DMS_P2P_CHANNEL (self)))
    return 0;
  if (n == 0)
    {
      self->is_starved = TRUE;
      gnutls_transport_set_errno (self->session, EAGAIN);
      return -1;
    }
  memcpy (buffer, dms_p2p_buffer_get_data (in), n);
  dms_p2p_buffer_drop (in, n);
  return (ssize_t) n;
}

static ssize_t
dms_p2p_tls_pipe_push (gnutls_transport_ptr_t data, const giovec_t *vectors, int n_vectors)
{
  DmsP2pTlsPipe *self = data;
  DmsP2pBuffer *out = dms_p2p_channel_get_out (DMS_P2P_CHANNEL (self));
  gsize size = 0;

  for (int i = 0; i < n_vectors; i++)
    size += vectors[i].iov_len;
  if (dms_p2p_buffer_get_size (out) == 0)
    dms_p2p_buffer_reserve (out,
                            MAX (size, self->is_shaken && size > 4096 ? DMS_P2P_CHANNEL_OUT + 18432 : 0));
  for (int i = 0; i < n_vectors; i++)
    dms_p2p_buffer_append (out, vectors[i].iov_base, vectors[i].iov_len);
  return (ssize_t) size;
}

static int
dms_p2p_tls_pipe_pull_timeout (gnutls_transport_ptr_t data, unsigned int ms)
{
  DmsP2pTlsPipe *self = data;

  return dms_p2p_buffer_get_size (dms_p2p_channel_get_in (DMS_P2P_CHANNEL (self))) > 0;
}

/* Before anything is computed with the peer's certificate. */
static int
dms_p2p_tls_pipe_on_message (gnutls_session_t session,
                             unsigned int type,
                             unsigned when,
                             unsigned int is_incoming,
                             const gnutls_datum_t *message)
{
  DmsP2pTlsPipe *self = gnutls_session_get_ptr (session);

  if (!is_incoming || type != GNUTLS_HANDSHAKE_CERTIFICATE_PKT)
    return 0;
  if (self->refused != NULL)
    return GNUTLS_E_CERTIFICATE_ERROR;
  return dms_p2p_certificate_check_message (message->data, message->size, &self->refused)
             ? 0
             : GNUTLS_E_CERTIFICATE_ERROR;
}

/* When the peer has proved to have the certificate's key, and before it is told that all is well. */
static int
dms_p2p_tls_pipe_on_verify (gnutls_session_t session)
{
  DmsP2pTlsPipe *self = gnutls_session_get_ptr (session);

  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  if (self->refused == NULL)
    self->key =
        dms_p2p_certificate_verify_session (self->certificate, session, self->expected, &self->refused);
  return self->key != NULL ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static gboolean
dms_p2p_tls_pipe_is_ready (DmsP2pChannel *channel)
{
  DmsP2pTlsPipe *self = DMS_P2P_TLS_PIPE (channel);
  DmsP2pBuffer *in = dms_p2p_channel_get_in (channel);
  const guint8 *head = NULL;

  if (gnutls_record_check_pending (self->session) > 0)
    return TRUE;
  /* GnuTLS has a part of a record itself: nobody but it knows how much more it needs. */
  if (self->is_starved)
    return dms_p2p_buffer_get_size (in) > 0;
  if (dms_p2p_buffer_get_size (in) < DMS_P2P_TLS_HEADER)
    return FALSE;
  head = dms_p2p_buffer_get_data (in);
  return dms_p2p_buffer_get_size (in) >= DMS_P2P_TLS_HEADER + ((gsize) head[3] << 8 | head[4]);
}

static gssize
dms_p2p_tls_pipe_open (DmsP2pChannel *channel, void *buffer, gsize size, GError **error)
{
  DmsP2pTlsPipe *self = DMS_P2P_TLS_PIPE (channel);

  /* A record that is not whole yet stays where it is; at the end GnuTLS shall say what is wrong. */
  if (!dms_p2p_tls_pipe_is_ready (channel) && !dms_p2p_channel_has_raw_ended (channel))
    return DMS_P2P_WOULD_BLOCK;
  for (guint i = 0; i < DMS_P2P_TLS_MAX_EMPTY; i++)
    {
      gssize n = 0;

      self->is_starved = FALSE;
      n = gnutls_record_recv (self->session, buffer, size);
      if (n >= 0)
        return n;
      if (n == GNUTLS_E_PREMATURE_TERMINATION)
        return DMS_P2P_WOULD_BLOCK;
      if (gnutls_error_is_fatal ((int) n) || n == GNUTLS_E_REHANDSHAKE || n == GNUTLS_E_REAUTH_REQUEST)
        return dms_p2p_tls_pipe_fail (self, "reading from a TLS connection", (int) n, error);
      /* Messages after the handshake, and records that are cut, give this: there may be more behind. */
      if (self->is_starved)
        return DMS_P2P_WOULD_BLOCK;
    }
  return DMS_P2P_WOULD_BLOCK;
}

static gssize
dms_p2p_tls_pipe_seal (DmsP2pChannel *channel,
                       const GOutputVector *vectors,
                       gsize n_vectors,
                       gsize skip,
                       GError **error)
{
  DmsP2pTlsPipe *self = DMS_P2P_TLS_PIPE (channel);
  guint8 gathered[DMS_P2P_TLS_RECORD];
  const void *data = gathered;
  gsize size = 0;
  gssize n = 0;

  while (n_vectors > 0 && skip >= vectors->size)
    {
      skip -= vectors->size;
      vectors++;
      n_vectors--;
    }
  if (n_vectors > 0 && (n_vectors == 1 || vectors->size - skip >= DMS_P2P_TLS_RECORD))
    {
      data = (const guint8 *) vectors->buffer + skip;
      size = MIN (vectors->size - skip, DMS_P2P_TLS_RECORD);
    }
  else
    size = dms_p2p_channel_gather (vectors, n_vectors, skip, gathered, sizeof gathered);
  n = gnutls_record_send (self->session, data, size);
  return n > 0 ? n : dms_p2p_tls_pipe_fail (self, "writing to a TLS connection", (int) n, error);
}

static void
dms_p2p_tls_pipe_end (DmsP2pChannel *channel)
{
  DmsP2pTlsPipe *self = DMS_P2P_TLS_PIPE (channel);

  gnutls_bye (self->session, GNUTLS_SHUT_WR);
}

/* The end is said by an alert (RFC 8446, 6.1); without, somebody may have cut bytes off. */
static gboolean
dms_p2p_tls_pipe_may_end (DmsP2pChannel *channel)
{
  return FALSE;
}

gssize
dms_p2p_tls_pipe_handshake (DmsP2pTlsPipe *self, GIOCondition *wanted, GError **error)
{
  DmsP2pChannel *channel = DMS_P2P_CHANNEL (self);
  gssize filled = 0;
  guint rounds = 0;

  do
    {
      int code = 0;

      self->is_starved = FALSE;
      code = gnutls_handshake (self->session);
      if (code == 0)
        {
          self->is_shaken = TRUE;
          return dms_p2p_channel_send (channel, error) == -1 ? -1 : 0;
        }
      if (gnutls_error_is_fatal (code))
        {
          gnutls_alert_send_appropriate (self->session, code);
          dms_p2p_channel_send (channel, NULL);
          return dms_p2p_tls_pipe_fail (self, "the TLS handshake", code, error);
        }
      if (dms_p2p_channel_send (channel, error) == -1)
        return -1;
      rounds++;
      if (!self->is_starved && rounds > DMS_P2P_TLS_MAX_ROUNDS)
        return dms_p2p_tls_pipe_fail (self, "the TLS handshake", code, error);
      if (self->is_starved)
        filled =
            rounds > DMS_P2P_TLS_MAX_ROUNDS ? DMS_P2P_WOULD_BLOCK : dms_p2p_channel_fill (channel, error);
      else
        filled = 1;
      if (filled == -1)
        return -1;
    }
  while (filled != DMS_P2P_WOULD_BLOCK);
  *wanted = G_IO_IN | (dms_p2p_buffer_get_size (dms_p2p_channel_get_out (channel)) > 0 ? G_IO_OUT : 0);
  return DMS_P2P_WOULD_BLOCK;
}

DmsP2pPublicKey *
dms_p2p_tls_pipe_get_key (DmsP2pTlsPipe *self)
{
  return self->key;
}

char *
dms_p2p_tls_pipe_dup_muxer (DmsP2pTlsPipe *self)
{
  gnutls_datum_t protocol = { NULL, 0 };

  if (gnutls_alpn_get_selected_protocol (self->session, &protocol) < 0)
    return NULL;
  if (protocol.size == strlen (DMS_P2P_TLS_ALPN) &&
      memcmp (protocol.data, DMS_P2P_TLS_ALPN, protocol.size) == 0)
    return NULL;
  return g_strndup ((const char *) protocol.data, protocol.size);
}

char *
dms_p2p_tls_pipe_dup_description (DmsP2pTlsPipe *self)
{
  char *text = gnutls_session_get_desc (self->session);
  char *copy = g_strdup (text);

  gnutls_free (text);
  return copy;
}

/* The muxers, best first, then `libp2p` (libp2p specs, connections/inlined-muxer-negotiation). */
static int
dms_p2p_tls_pipe_set_alpn (DmsP2pTlsPipe *self, const char *const *muxers)
{
  gnutls_datum_t protocols[DMS_P2P_TLS_MAX_MUXERS + 1];
  unsigned n = 0;

  for (; muxers != NULL && muxers[n] != NULL && n < DMS_P2P_TLS_MAX_MUXERS; n++)
    {
      protocols[n].data = (unsigned char *) muxers[n];
      protocols[n].size = (unsigned) strlen (muxers[n]);
    }
  protocols[n].data = (unsigned char *) DMS_P2P_TLS_ALPN;
  protocols[n].size = (unsigned) strlen (DMS_P2P_TLS_ALPN);
  return gnutls_alpn_set_protocols (self->session, protocols, n + 1, GNUTLS_ALPN_MANDATORY);
}

/* AES in hardware is three to five times as fast as ChaCha20-Poly1305, and without it slower than that. */
static const char *
dms_p2p_tls_pipe_choose_priority (void)
{
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports ("aes") ? DMS_P2P_TLS_PRIORITY_AES : DMS_P2P_TLS_PRIORITY_CHACHA;
#elif defined(__aarch64__)
  return getauxval (AT_HWCAP) & HWCAP_AES ? DMS_P2P_TLS_PRIORITY_AES : DMS_P2P_TLS_PRIORITY_CHACHA;
#else
  return DMS_P2P_TLS_PRIORITY_CHACHA;
#endif
}

static int
dms_p2p_tls_pipe_set_up (DmsP2pTlsPipe *self, gboolean is_client, const char *const *muxers)
{
  /* One key share: who does not take X25519 asks for another. */
  unsigned flags = (is_client ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS |
                   GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL | GNUTLS_KEY_SHARE_TOP;
  int code = gnutls_init (&self->session, flags);

  if (code < 0)
    return code;
  code = dms_p2p_certificate_use (self->certificate, self->session, dms_p2p_tls_pipe_choose_priority ());
  if (code < 0)
    return code;
  if (!is_client)
    gnutls_certificate_server_set_request (self->session, GNUTLS_CERT_REQUIRE);
  gnutls_session_set_ptr (self->session, self);
  gnutls_session_set_verify_function (self->session, dms_p2p_tls_pipe_on_verify);
  gnutls_handshake_set_hook_function (
      self->session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_BOTH, dms_p2p_tls_pipe_on_message);
  gnutls_handshake_set_max_packet_length (self->session, DMS_P2P_TLS_MAX_MESSAGE);
  /* The caller has its own. */
  gnutls_handshake_set_timeout (self->session, GNUTLS_INDEFINITE_TIMEOUT);
  gnutls_transport_set_ptr (self->session, self);
  gnutls_transport_set_pull_function (self->session, dms_p2p_tls_pipe_pull);
  gnutls_transport_set_pull_timeout_function (self->session, dms_p2p_tls_pipe_pull_timeout);
  gnutls_transport_set_vec_push_function (self->session, dms_p2p_tls_pipe_push);
  return dms_p2p_tls_pipe_set_alpn (self, muxers);
}

DmsP2pTlsPipe *
dms_p2p_tls_pipe_new (DmsP2pPipe *raw,
                      DmsP2pCertificate *certificate,
                      gboolean is_client,
                      DmsPeerId *expected,
                      const char *const *muxers,
                      GError **error)
{
  g_autoptr (DmsP2pTlsPipe) self = g_object_new (DMS_TYPE_P2P_TLS_PIPE, NULL);
  int code = 0;

  self->certificate = dms_p2p_certificate_ref (certificate);
  self->expected = expected != NULL ? dms_peer_id_ref (expected) : NULL;
  code = dms_p2p_tls_pipe_set_up (self, is_client, muxers);
  if (code < 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_FAILED, "cannot set TLS up: %s", gnutls_strerror (code));
      return NULL;
    }
  dms_p2p_channel_set_raw (DMS_P2P_CHANNEL (self), raw);
  return g_steal_pointer (&self);
}

static void
dms_p2p_tls_pipe_finalize (GObject *object)
{
  DmsP2pTlsPipe *self = DMS_P2P_TLS_PIPE (object);

  g_clear_pointer (&self->session, gnutls_deinit);
  g_clear_pointer (&self->certificate, dms_p2p_certificate_unref);
  g_clear_pointer (&self->expected, dms_peer_id_unref);
  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_clear_error (&self->refused);
  G_OBJECT_CLASS (dms_p2p_tls_pipe_parent_class)->finalize (object);
}

static void
dms_p2p_tls_pipe_class_init (DmsP2pTlsPipeClass *klass)
{
  DmsP2pChannelClass *channel_class = DMS_P2P_CHANNEL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_tls_pipe_finalize;
  channel_class->open = dms_p2p_tls_pipe_open;
  channel_class->seal = dms_p2p_tls_pipe_seal;
  channel_class->is_ready = dms_p2p_tls_pipe_is_ready;
  channel_class->end = dms_p2p_tls_pipe_end;
  channel_class->may_end = dms_p2p_tls_pipe_may_end;
}

static void
dms_p2p_tls_pipe_init (DmsP2pTlsPipe *self)
{
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-session.h"

#include <dms.h>
#include <string.h>

#include "capability/dms-capability-context.h"
#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-rest.h"
#include "common/dms-json-text.h"
#include "identity/dms-base32.h"
#include "identity/dms-key.h"

#define NS_PER_S G_GINT64_CONSTANT (1000000000)
#define MAX_TIMEOUT (24 * 3600 * NS_PER_S)
/* How much longer than the message lives its sender waits for the daemon to say that it expired. */
#define GRACE (NS_PER_S / 10)
#define MAX_REPLIES 4096

struct _DmsCliSession {
  DmsCliCall *call;
  DmsCliRest *rest;
  DmsCapabilityContext *capabilities;
  DmsHandle *daemon;
  DmsHandle *destination;
  gint64 timeout;
  gint64 expiry;
};

static gint64
now_ns (void)
{
  return g_get_real_time () * 1000;
}

static gboolean
read_absolute_expiry (const char *text, gint64 *expiry, GError **error)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);

  if (time == NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                   _ ("--expiry: “%s” is no time; write it as 2030-01-31T12:00:00Z"), text);
      return FALSE;
    }

  *expiry = g_date_time_to_unix (time) * NS_PER_S;
  return TRUE;
}

/* When messages of this call expire. */
static gboolean
read_expiry (DmsCliCall *call, gint64 default_timeout, gint64 *expiry, GError **error)
{
  gint64 timeout = default_timeout;

  if (dms_cli_call_is_set (call, "expiry"))
    {
      if (!read_absolute_expiry (dms_cli_call_get_string (call, "expiry"), expiry, error))
        return FALSE;
      timeout = *expiry - now_ns ();
    }
  else if (dms_cli_call_is_set (call, "timeout"))
    {
      timeout = dms_cli_call_get_duration (call, "timeout");
    }

  if (timeout <= 0 || timeout > MAX_TIMEOUT)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE,
                           _ ("a message must expire within the next 24 hours: change --timeout or "
                              "--expiry"));
      return FALSE;
    }
  *expiry = now_ns () + timeout;

  return TRUE;
}

static DmsCliRest *
make_rest (DmsCliCall *call, gint64 timeout, GError **error)
{
  DmsConfig *config = dms_cli_call_get_config (call, error);

  if (config == NULL)
    return NULL;

  return dms_cli_rest_new (dms_config_get_string (config, "rest.addr"), dms_config_get_int (config,
                                                                                            "rest.port"),
                           timeout + GRACE);
}

static gboolean
load_identity (DmsCliSession *self, GError **error)
{
  const char *context = dms_cli_call_get_string (self->call, "context");

  if (context == NULL || context[0] == '\0')
    context = "user";
  self->capabilities = dms_cli_identity_open_capabilities (self->call, context, error);
  return self->capabilities != NULL;
}

/* The passphrase may have been asked for meanwhile, so the time runs from here. */
static gboolean
connect_to_daemon (DmsCliSession *self, gint64 default_timeout, GError **error)
{
  if (!read_expiry (self->call, default_timeout, &self->expiry, error))
    return FALSE;

  self->timeout = self->expiry - now_ns ();
  self->rest = make_rest (self->call, self->timeout, error);
  return self->rest != NULL;
}

static gboolean
ask_handle (DmsCliSession *self, GError **error)
{
  g_autoptr (GBytes) answer = NULL;
  const char *data;
  gsize size;
  guint status;

  answer = dms_cli_rest_call (self->rest, "/api/v1/actor/handle", NULL, &status, error);
  if (answer == NULL)
    return FALSE;

  data = g_bytes_get_data (answer, &size);
  if (status != 200)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "get handle: request failed with status %u: %.*s",
                   status,
                   (int) MIN (size, 4096), data != NULL ? data : "");
      return FALSE;
    }

  self->daemon = dms_handle_new_from_data (data, size, error);
  return self->daemon != NULL;
}

/**
 * dms_cli_session_open:
 * @call: a call whose verb has the flags of messages; it must outlive the session
 * @default_timeout: in nanoseconds, how long messages live unless flags say otherwise
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): a session as the user that the flags name
 */
DmsCliSession *
dms_cli_session_open (DmsCliCall *call, gint64 default_timeout, GError **error)
{
  g_autoptr (DmsCliSession) self = g_new0 (DmsCliSession, 1);

  self->call = call;
  /* What is wrong with the flags shows before a passphrase is asked for. */
  if (!read_expiry (call, default_timeout, &self->expiry, error) || !load_identity (self, error)
      || !connect_to_daemon (self, default_timeout, error) || !ask_handle (self, error))
    return NULL;
  self->destination = dms_handle_ref (self->daemon);

  return g_steal_pointer (&self);
}

/**
 * dms_cli_session_connect:
 * @call: a call; it must outlive the session
 * @timeout: how long to wait for answers, in nanoseconds
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): a session without an identity
 */
DmsCliSession *
dms_cli_session_connect (DmsCliCall *call, gint64 timeout, GError **error)
{
  g_autoptr (DmsCliSession) self = g_new0 (DmsCliSession, 1);

  self->call = call;
  self->rest = make_rest (call, timeout, error);

  return self->rest != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * dms_cli_session_free:
 * @self: a session
 *
 * Forgets the key and closes the connection.
 */
void
dms_cli_session_free (DmsCliSession *self)
{
  g_clear_pointer (&self->rest, dms_cli_rest_free);
  g_clear_object (&self->capabilities);
  g_clear_pointer (&self->daemon, dms_handle_unref);
  g_clear_pointer (&self->destination, dms_handle_unref);
  g_free (self);
}

/* The root actor of a node, by the node's public key. */
static DmsHandle *
make_root_handle (const guint8 public_key[32])
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new_for_ed25519 (public_key);
  g_autoptr (DmsDid) did = dms_did_new_for_ed25519 (public_key);
  g_autofree char *id = dms_base32_encode_id (public_key);

  return dms_handle_new (id, did, dms_peer_id_get_text (peer), "root");
}

/**
 * dms_cli_session_get_capabilities:
 * @self: a session with an identity
 *
 * Returns: (transfer none): what the user trusts, demands and can present
 */
DmsCapabilityContext *
dms_cli_session_get_capabilities (DmsCliSession *self)
{
  return self->capabilities;
}

/**
 * dms_cli_session_renew:
 * @self: a session with an identity
 *
 * Before another message of a call that sends several.
 */
void
dms_cli_session_renew (DmsCliSession *self)
{
  if (!dms_cli_call_is_set (self->call, "expiry"))
    self->expiry = now_ns () + self->timeout;
}

/**
 * dms_cli_session_set_destination:
 * @self: a session with an identity
 * @destination: (nullable): a DID, a peer ID or a handle in JSON; %NULL or "" for the daemon
 * @error: return location for an error
 *
 * Returns: whether messages can go there
 */
gboolean
dms_cli_session_set_destination (DmsCliSession *self, const char *destination, GError **error)
{
  g_autoptr (DmsHandle) handle = NULL;
  g_autoptr (DmsDid) did = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  guint8 public_key[32];

  if (destination == NULL || destination[0] == '\0')
    handle = dms_handle_ref (self->daemon);
  else if (destination[0] == '{')
    handle = dms_handle_new_from_data (destination, strlen (destination), error);
  else if (g_str_has_prefix (destination, "did:"))
    did = dms_did_new (destination, error);
  else
    peer = dms_peer_id_new (destination, error);

  if (handle == NULL && did == NULL && peer == NULL)
    {
      g_prefix_error (error, _ ("--dest: neither a DID, nor a peer ID, nor a handle: "));
      return FALSE;
    }
  if (handle == NULL)
    {
      if (!(did != NULL ? dms_did_get_ed25519 (did, public_key) : dms_peer_id_get_ed25519 (peer, public_key)))
        {
          g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                       _ ("--dest: “%s” holds no Ed25519 key, so the node cannot be told from it"),
                       destination);
          return FALSE;
        }
      handle = make_root_handle (public_key);
    }

  dms_handle_unref (self->destination);
  self->destination = g_steal_pointer (&handle);
  return TRUE;
}

/**
 * dms_cli_session_make_envelope:
 * @self: a session with an identity
 * @mode: how the message will be delivered
 * @behaviour: what is asked for
 * @topic: (nullable): where a broadcast is published
 * @payload: JSON
 * @error: return location for an error
 *
 * Makes a message of an actor that lives only for it: a key of its own, an inbox of its own on the daemon's
 * host.
 *
 * Returns: (transfer full) (nullable): the signed message with the capabilities it needs
 */
DmsEnvelope *
dms_cli_session_make_envelope (DmsCliSession *self,
                               DmsCliMode mode,
                               const char *behaviour,
                               const char *topic,
                               GBytes *payload,
                               GError **error)
{
  g_autoptr (DmsKey) actor = dms_key_generate ();
  g_autofree char *id = dms_key_dup_id_pub (actor);
  guint64 nonce = dms_envelope_make_nonce ();
  g_autofree char *inbox = g_strdup_printf ("user-%" G_GUINT64_FORMAT, nonce);
  g_autofree char *reply = NULL;
  g_autoptr (DmsHandle) from = NULL;
  g_autoptr (DmsHandle) nobody = NULL;
  g_autoptr (GBytes) capability = NULL;
  const char *const wanted[] = { behaviour, NULL };
  const char *replies[] = { NULL, NULL };

  from = dms_handle_new (id, dms_capability_context_get_did (self->capabilities),
                         dms_handle_get_host (self->daemon), inbox);
  if (mode == DMS_CLI_MODE_BROADCAST)
    {
      reply = g_strdup_printf ("/public/user/%" G_GUINT64_FORMAT, nonce);
      capability = dms_capability_context_provide_broadcast (self->capabilities, id, topic, self->expiry,
                                                             wanted,
                                                             error);
      nobody = dms_handle_new_empty ();
    }
  else
    {
      if (mode == DMS_CLI_MODE_INVOKE)
        reply = g_strdup_printf ("/private/user/%" G_GUINT64_FORMAT, nonce);
      replies[0] = reply;
      capability = dms_capability_context_provide (self->capabilities, id,
                                                   dms_handle_get_id (self->destination),
                                                   dms_handle_get_did (self->destination), self->expiry,
                                                   wanted,
                                                   reply != NULL ? replies : NULL, error);
    }
  if (capability == NULL)
    return NULL;

  return dms_envelope_new_signed (actor, nobody != NULL ? nobody : self->destination, behaviour, from, nonce,
                                  self->expiry, reply, mode == DMS_CLI_MODE_BROADCAST ? topic : NULL, payload,
                                  capability);
}

/**
 * dms_cli_session_post:
 * @self: a session
 * @mode: how to deliver it
 * @envelope: a signed message as JSON
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the body of the daemon's answer
 */
GBytes *
dms_cli_session_post (DmsCliSession *self, DmsCliMode mode, GBytes *envelope, GError **error)
{
  static const char *const paths[] = { "/api/v1/actor/invoke", "/api/v1/actor/send",
                                      "/api/v1/actor/broadcast" };
  static const char *const names[] = { "invoke behavior", "send message", "broadcast message" };
  g_autoptr (GBytes) answer = NULL;
  const char *data;
  gsize size;
  guint status;

  answer = dms_cli_rest_call (self->rest, paths[mode], envelope, &status, error);
  if (answer == NULL)
    {
      g_prefix_error (error, "could not run behavior: failed to %s: ", names[mode]);
      return NULL;
    }
  if (status == 200)
    return g_steal_pointer (&answer);

  data = g_bytes_get_data (answer, &size);
  size = MIN (size, 4096);
  while (size > 0 && g_ascii_isspace (data[size - 1]))
    size--;
  dms_cli_call_print (self->call, "%s\n\n%.*s\n", dms_cli_rest_get_status_line (self->rest), (int) size,
                      data != NULL ? data : "");
  g_set_error (error, DMS_ERROR, status == 408 ? DMS_ERROR_TIMED_OUT : DMS_ERROR_FAILED,
               "could not run behavior: failed to %s: request failed with status %u: %.*s", names[mode],
               status, (int) size, data != NULL ? data : "");
  return NULL;
}

/* What the actor answered. An empty reply is null. */
static GBytes *
dup_payload (DmsEnvelope *reply)
{
  GBytes *payload = dms_envelope_get_payload (reply);

  if (payload == NULL || g_bytes_get_size (payload) == 0)
    return g_bytes_new_static ("null", 4);
  return g_bytes_ref (payload);
}

static gboolean
is_from (DmsEnvelope *reply, DmsHandle *actor)
{
  return strcmp (dms_handle_get_id (dms_envelope_get_from (reply)), dms_handle_get_id (actor)) == 0;
}

/**
 * dms_cli_session_invoke:
 * @self: a session with an identity
 * @behaviour: what is asked for
 * @payload: JSON
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the JSON of the reply
 */
GBytes *
dms_cli_session_invoke (DmsCliSession *self, const char *behaviour, GBytes *payload, GError **error)
{
  g_autoptr (DmsEnvelope) message = NULL;
  g_autoptr (DmsEnvelope) reply = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) answer = NULL;

  message = dms_cli_session_make_envelope (self, DMS_CLI_MODE_INVOKE, behaviour, NULL, payload, error);
  if (message == NULL)
    return NULL;

  request = dms_envelope_to_bytes (message);
  answer = dms_cli_session_post (self, DMS_CLI_MODE_INVOKE, request, error);
  if (answer == NULL)
    return NULL;

  reply = dms_envelope_new_from_bytes (answer, error);
  if (reply == NULL)
    {
      g_prefix_error (error, "could not run behavior: the reply: ");
      return NULL;
    }
  if (!dms_envelope_verify_signature (reply) || !is_from (reply, self->destination))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_BAD_SIGNATURE,
                           _ ("could not run behavior: the reply is not signed by the actor that was asked"));
      return NULL;
    }

  return dup_payload (reply);
}

/* The text of the next element of an array, without parsing it: numbers keep all their digits. */
static gboolean
next_element (const char **cursor, const char *end, const char **element, gsize *size)
{
  int depth = 0;
  gboolean quoted = FALSE;
  const char *place;

  while (*cursor < end && (g_ascii_isspace (**cursor) || **cursor == ','))
    (*cursor)++;

  *element = *cursor;
  for (place = *cursor; place < end; place++)
    {
      if (quoted && *place == '\\')
        place++;
      else if (*place == '"')
        quoted = !quoted;
      else if (!quoted && (*place == '{' || *place == '['))
        depth++;
      else if (!quoted && depth > 0 && (*place == '}' || *place == ']'))
        depth--;
      else if (!quoted && depth == 0 && (*place == ',' || *place == ']'))
        break;
    }
  *size = MIN (place, end) - *element;
  *cursor = MIN (place, end);

  return *size > 0;
}

/* The daemon answers a broadcast with an array of envelopes, or with null. What is not well formed or not
 * signed by its sender is left out. */
static GPtrArray *
split_replies (GBytes *answer, GError **error)
{
  g_autoptr (GPtrArray) payloads = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize size;
  const char *data = g_bytes_get_data (answer, &size);
  const char *cursor = data;
  const char *element;
  gsize length;

  if (!dms_json_text_check (data != NULL ? data : "", size, error))
    {
      g_prefix_error (error, "could not run behavior: the replies: ");
      return NULL;
    }

  while (g_ascii_isspace (*cursor))
    cursor++;
  if (*cursor != '[')
    return g_steal_pointer (&payloads);

  cursor++;
  while (payloads->len < MAX_REPLIES && next_element (&cursor, data + size, &element, &length))
    {
      g_autoptr (DmsEnvelope) reply = dms_envelope_new_from_data (element, length, NULL);

      if (reply != NULL && dms_envelope_verify_signature (reply))
        g_ptr_array_add (payloads, dup_payload (reply));
    }

  return g_steal_pointer (&payloads);
}

/**
 * dms_cli_session_broadcast:
 * @self: a session with an identity
 * @behaviour: what is asked for
 * @topic: where it is published
 * @payload: JSON
 * @error: return location for an error
 *
 * Returns: (transfer full) (element-type GBytes) (nullable): the JSON of every reply, as they came
 */
GPtrArray *
dms_cli_session_broadcast (DmsCliSession *self,
                           const char *behaviour,
                           const char *topic,
                           GBytes *payload,
                           GError **error)
{
  g_autoptr (DmsEnvelope) message = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) answer = NULL;

  message = dms_cli_session_make_envelope (self, DMS_CLI_MODE_BROADCAST, behaviour, topic, payload, error);
  if (message == NULL)
    return NULL;

  request = dms_envelope_to_bytes (message);
  answer = dms_cli_session_post (self, DMS_CLI_MODE_BROADCAST, request, error);
  if (answer == NULL)
    return NULL;

  return split_replies (answer, error);
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Measures actor messages against libsodium's own rate in the same run. Prints one JSON object a figure. */

#include <dms.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "actor/dms-actor-registry.h"
#include "plugins/dms-plugin-manager.h"

#define N_MESSAGES    1000
#define N_ROUND_TRIPS 1000
#define PAYLOAD_SIZE  1024
#define BEHAVIOUR     "/bench/echo"

typedef struct
{
  GMainLoop *loop;
  DmsActorRegistry *registry;
  DmsTransport *transport;
  DmsKey *node_key;
  DmsSecurityContext *node;
  DmsSecurityContext *user;
  DmsActor *root;
  DmsActor *caller;
  guint left;
  double verify_us;
  double sign_us;
} Bench;

static void
print_figure (const char *name, double value, const char *unit, const char *against, double limit)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", name);
  json_object_set_double_member (object, "value", value);
  json_object_set_string_member (object, "unit", unit);
  json_object_set_string_member (object, "against", against);
  json_object_set_double_member (object, "limit", limit);
  json_node_take_object (node, object);
  text = json_to_string (node, FALSE);
  printf ("%s\n", text);
}

/* One verification and one signature of libsodium over a message of this size, in microseconds. */
static void
measure_sodium (Bench *bench)
{
  guint8 message[PAYLOAD_SIZE * 2] = { 0 };
  guint8 signature[crypto_sign_BYTES];
  guint8 public_key[crypto_sign_PUBLICKEYBYTES];
  guint8 secret_key[crypto_sign_SECRETKEYBYTES];
  gint64 begin;

  crypto_sign_keypair (public_key, secret_key);

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < N_MESSAGES; i++)
    crypto_sign_detached (signature, NULL, message, sizeof message, secret_key);
  bench->sign_us = (double) (g_get_monotonic_time () - begin) / N_MESSAGES;

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < N_MESSAGES; i++)
    g_assert_cmpint (crypto_sign_verify_detached (signature, message, sizeof message, public_key), ==, 0);
  bench->verify_us = (double) (g_get_monotonic_time () - begin) / N_MESSAGES;
}

static DmsTokenList *
delegate (DmsCapabilityContext *from, DmsDid *to)
{
  static const char *const capabilities[] = { "/bench", NULL };
  g_autoptr (GError) error = NULL;
  DmsTokenList *tokens =
      dms_capability_context_delegate (from, to, NULL, NULL, capabilities, 0, 0, DMS_SELF_SIGN_NO, &error);

  g_assert_no_error (error);
  return tokens;
}

/* An organisation that the node trusts lets a team use it, the team lets a user: with the user's own
 * invocation a chain of three. */
static void
build_contexts (Bench *bench)
{
  static const char *const capabilities[] = { "/bench", NULL };
  g_autoptr (DmsKey) organisation_key = dms_key_generate ();
  g_autoptr (DmsKey) team_key = dms_key_generate ();
  g_autoptr (DmsKey) user_key = dms_key_generate ();
  g_autoptr (DmsKey) actor_key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) organisation =
      dms_capability_context_new (dms_key_get_did (organisation_key), organisation_key);
  g_autoptr (DmsCapabilityContext) team = dms_capability_context_new (dms_key_get_did (team_key), team_key);
  g_autoptr (DmsCapabilityContext) user = dms_capability_context_new (dms_key_get_did (user_key), user_key);
  g_autoptr (DmsCapabilityContext) node = NULL;
  g_autoptr (DmsTokenList) to_team = NULL;
  g_autoptr (DmsTokenList) to_user = NULL;
  g_autoptr (GError) error = NULL;

  bench->node_key = dms_key_generate ();
  node = dms_capability_context_new (dms_key_get_did (bench->node_key), bench->node_key);
  dms_capability_context_anchor_root (node, dms_key_get_did (organisation_key), &error);
  g_assert_no_error (error);

  to_team = dms_capability_context_grant (organisation,
                                          dms_key_get_did (team_key),
                                          NULL,
                                          NULL,
                                          capabilities,
                                          dms_actor_expiry_in (3600),
                                          0,
                                          &error);
  g_assert_no_error (error);
  dms_capability_context_anchor_provide (team, to_team, &error);
  g_assert_no_error (error);
  to_user = delegate (team, dms_key_get_did (user_key));
  dms_capability_context_anchor_provide (user, to_user, &error);
  g_assert_no_error (error);

  bench->node = dms_security_context_new (bench->node_key, node);
  bench->user = dms_security_context_new (actor_key, user);
}

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonNode *payload = dms_message_get_payload (message);
  g_autoptr (GError) error = NULL;

  dms_message_reply (message, payload, &error);
  g_assert_no_error (error);
}

static JsonNode *
payload_of_size (gsize size)
{
  g_autofree char *text = g_strnfill (size, 'x');

  return json_node_init_string (json_node_alloc (), text);
}

static GBytes *
seal_one (Bench *bench)
{
  g_autofree char *text = g_strnfill (PAYLOAD_SIZE - 2, 'x');
  g_autofree char *json = g_strdup_printf ("\"%s\"", text);
  g_autoptr (GBytes) payload = g_bytes_new (json, strlen (json));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) envelope = dms_security_context_seal (bench->user,
                                                                dms_actor_get_handle (bench->caller),
                                                                dms_actor_get_handle (bench->root),
                                                                BEHAVIOUR,
                                                                payload,
                                                                dms_actor_expiry_in (600),
                                                                "/private/bench/1",
                                                                NULL,
                                                                NULL,
                                                                NULL,
                                                                &error);

  g_assert_no_error (error);
  return dms_envelope_to_bytes (envelope);
}

/* What a node does with a message before its behaviour runs, without any cache. */
static void
measure_cold (Bench *bench)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gint64 begin;
  double taken_us;

  for (guint i = 0; i < N_MESSAGES; i++)
    g_ptr_array_add (messages, seal_one (bench));

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < messages->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_bytes (messages->pdata[i], &error);
      guint64 interaction;

      g_assert_no_error (error);
      interaction = dms_security_context_open (bench->node, envelope, &error);
      g_assert_no_error (error);
      dms_security_context_require (bench->node, interaction, envelope, BEHAVIOUR, &error);
      g_assert_no_error (error);
      dms_security_context_discard (bench->node, interaction);
    }
  taken_us = (double) (g_get_monotonic_time () - begin) / messages->len;

  print_figure ("actor.cold",
                1e6 / taken_us,
                "messages/s",
                "0.8 of libsodium's rate of four verifications a message (a chain of three and the envelope)",
                0.8 * 1e6 / (4 * bench->verify_us));
}

static void
measure_codec (Bench *bench)
{
  g_autoptr (GBytes) bytes = seal_one (bench);
  gint64 begin = g_get_monotonic_time ();
  double taken_us;

  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_bytes (bytes, &error);
      g_autoptr (GBytes) again = NULL;

      g_assert_no_error (error);
      again = dms_envelope_to_bytes (envelope);
      g_assert_true (g_bytes_equal (bytes, again));
    }
  taken_us = (double) (g_get_monotonic_time () - begin) / N_MESSAGES;

  print_figure ("actor.codec",
                taken_us * 2048 / (double) g_bytes_get_size (bytes),
                "µs a 2 KiB",
                "the target of 20 µs",
                20);
}

static void invoke_next (Bench *bench);

static void
on_invoked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bench *bench = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);

  g_assert_no_error (error);
  if (--bench->left == 0)
    g_main_loop_quit (bench->loop);
  else
    invoke_next (bench);
}

static void
invoke_next (Bench *bench)
{
  g_autoptr (JsonNode) payload = payload_of_size (PAYLOAD_SIZE - 2);

  dms_actor_invoke_async (bench->caller,
                          dms_actor_get_handle (bench->root),
                          BEHAVIOUR,
                          payload,
                          dms_actor_expiry_in (600),
                          NULL,
                          on_invoked,
                          bench);
}

static void
measure_round_trip (Bench *bench)
{
  gint64 begin = g_get_monotonic_time ();
  double taken_us;

  bench->left = N_ROUND_TRIPS;
  invoke_next (bench);
  g_main_loop_run (bench->loop);
  taken_us = (double) (g_get_monotonic_time () - begin) / N_ROUND_TRIPS;

  print_figure ("actor.round_trip",
                taken_us,
                "µs",
                "its signatures alone (seven made, seven checked) divided by 0.8",
                7 * (bench->sign_us + bench->verify_us) / 0.8);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bench *bench = user_data;
  g_autoptr (GError) error = NULL;

  dms_transport_start_finish (DMS_TRANSPORT (source), result, &error);
  g_assert_no_error (error);
  g_main_loop_quit (bench->loop);
}

static void
start_actors (Bench *bench)
{
  g_autoptr (GBytes) seed = dms_key_dup_seed (bench->node_key);
  g_autoptr (DmsTransportConfig) config = dms_transport_config_new (seed, NULL, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  dms_transport_start_async (bench->transport, config, NULL, on_started, bench);
  g_main_loop_run (bench->loop);

  bench->registry = dms_actor_registry_new (bench->transport);
  bench->root = dms_actor_new (bench->registry, "root", bench->node);
  bench->caller = dms_actor_new (bench->registry, "user-1", bench->user);
  dms_actor_add_behaviour (bench->root, BEHAVIOUR, DMS_BEHAVIOUR_REQUIRE, on_echo, bench, NULL);
  g_assert_true (dms_actor_start (bench->root, &error));
  g_assert_true (dms_actor_start (bench->caller, &error));
}

int
main (void)
{
  g_auto (GStrv) directories = dms_plugin_manager_dup_default_directories ();
  g_autoptr (DmsPluginManager) plugins = dms_plugin_manager_new ((const char *const *) directories, NULL);
  Bench bench = { .loop = g_main_loop_new (NULL, FALSE) };

  g_assert_cmpint (sodium_init (), >=, 0);
  dms_plugin_manager_load_all (plugins);
  bench.transport = dms_plugin_manager_get_transport (plugins, "memory");
  g_assert_nonnull (bench.transport);

  measure_sodium (&bench);
  build_contexts (&bench);
  start_actors (&bench);
  measure_cold (&bench);
  measure_codec (&bench);
  measure_round_trip (&bench);

  dms_actor_registry_stop (bench.registry);
  g_object_unref (bench.caller);
  g_object_unref (bench.root);
  g_object_unref (bench.registry);
  g_object_unref (bench.node);
  g_object_unref (bench.user);
  dms_key_unref (bench.node_key);
  g_main_loop_unref (bench.loop);
  return 0;
}

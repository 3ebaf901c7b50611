/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#include "actor/dms-envelope.h"
#include "capability/dms-capability-context.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli.h"
#include "common/dms-json-text.h"
#include "identity/dms-keystore.h"

#define PASSPHRASE "a passphrase"

/* A daemon that takes every message, keeps what it was asked, and answers what it is told to. It runs in a
 * thread of its own, because the command line waits for it. */
typedef struct {
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  SoupServer *server;
  guint port;
  DmsKey *key;
  /* Signs the replies; another key than the node's when it lies. */
  DmsKey *signer;
  guint status;
  const char *reply;
  char *path;
  char *behaviour;
  char *topic;
  char *payload;
  gint64 lifetime;
  gboolean verified;
} Daemon;

typedef struct {
  char *directory;
  Daemon daemon;
  char *out;
  char *err;
  int status;
} Fixture;

static char *
bytes_to_text (GBytes *bytes)
{
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  return g_strndup (data != NULL ? data : "", size);
}

static DmsHandle *
make_root (Daemon *self, DmsKey *key)
{
  g_autoptr (DmsPeerId) peer = dms_key_dup_peer_id (self->key);
  g_autoptr (DmsDid) did = dms_key_dup_did (key);

  return dms_handle_new_for_key (key, did, peer, "root");
}

static char *
make_reply (Daemon *self, DmsEnvelope *request)
{
  g_autoptr (DmsHandle) root = make_root (self, self->signer);
  g_autoptr (GBytes) payload = g_bytes_new_static (self->reply, strlen (self->reply));
  g_autoptr (DmsEnvelope) reply = NULL;

  /* A nonce that does not fit into 63 bits. */
  reply = dms_envelope_new_signed (self->signer, dms_envelope_get_from (request),
                                   dms_envelope_get_reply_behaviour (request), root, G_MAXUINT64 - 1,
                                   dms_envelope_get_expiry_ns (request), NULL, NULL, payload, NULL);
  return dms_envelope_to_string (reply);
}

static void
on_handle (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
           gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (DmsHandle) root = make_root (self, self->key);
  char *text = dms_handle_to_string (root);

  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
  soup_server_message_set_status (message, 200, NULL);
}

static void
on_message (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (GBytes) body = soup_message_body_flatten (soup_server_message_get_request_body (message));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) request = dms_envelope_new_from_bytes (body, &error);
  g_autofree char *reply = NULL;
  char *text;

  g_assert_no_error (error);
  g_free (self->path);
  self->path = g_strdup (path);
  g_free (self->behaviour);
  self->behaviour = g_strdup (dms_envelope_get_behaviour (request));
  g_free (self->topic);
  self->topic = g_strdup (dms_envelope_get_topic (request));
  g_free (self->payload);
  self->payload = bytes_to_text (dms_envelope_get_payload (request));
  self->lifetime = (gint64) dms_envelope_get_expiry_ns (request) - g_get_real_time () * 1000;
  self->verified = dms_envelope_verify_signature (request);

  soup_server_message_set_status (message, self->status, NULL);
  if (self->status != 200)
    {
      soup_server_message_set_response (message, "application/json", SOUP_MEMORY_STATIC, self->reply,
                                        strlen (self->reply));
      return;
    }

  reply = make_reply (self, request);
  text = g_str_has_suffix (path, "broadcast") ? g_strdup_printf ("[%s, {}, %s]", reply, reply)
                                              : g_steal_pointer (&reply);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
}

static gpointer
serve (gpointer data)
{
  Daemon *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

static void
start (Daemon *self)
{
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->key = dms_key_generate ();
  self->signer = dms_key_ref (self->key);
  self->status = 200;
  self->reply = "{\"ok\":true}";
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_main_context_push_thread_default (self->context);
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, "/api/v1/actor/handle", on_handle, self, NULL);
  soup_server_add_handler (self->server, "/api/v1/actor/invoke", on_message, self, NULL);
  soup_server_add_handler (self->server, "/api/v1/actor/send", on_message, self, NULL);
  soup_server_add_handler (self->server, "/api/v1/actor/broadcast", on_message, self, NULL);
  soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  g_main_context_pop_thread_default (self->context);
  uris = soup_server_get_uris (self->server);
  self->port = g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  self->thread = g_thread_new ("daemon", serve, self);
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static void
stop (Daemon *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, quit, self->loop, NULL);
  g_source_attach (source, self->context);
  g_thread_join (self->thread);
  g_object_unref (self->server);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  dms_key_unref (self->key);
  dms_key_unref (self->signer);
  g_free (self->path);
  g_free (self->behaviour);
  g_free (self->topic);
  g_free (self->payload);
}

static void
make_identity (Fixture *fixture, const char *name)
{
  g_autofree char *keys = g_build_filename (fixture->directory, "key", NULL);
  g_autofree char *caps = g_build_filename (fixture->directory, "cap", NULL);
  g_autofree char *path = g_strdup_printf ("%s/%s.cap", caps, name);
  g_autoptr (DmsKeystore) keystore = dms_keystore_new (keys);
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (GError) error = NULL;

  dms_keystore_set_cost (keystore, 1024);
  dms_keystore_save (keystore, name, key, PASSPHRASE, &error);
  g_assert_no_error (error);
  g_mkdir_with_parents (caps, 0700);
  context = dms_capability_context_new (dms_key_get_did (key), key);
  dms_capability_context_save (context, path, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("dms-cli-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("DMS_PASSPHRASE", PASSPHRASE, TRUE);
  make_identity (fixture, "user");
  make_identity (fixture, "other");
  start (&fixture->daemon);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (&fixture->daemon);
  remove_all (fixture->directory);
  g_free (fixture->directory);
  g_free (fixture->out);
  g_free (fixture->err);
}

/* Runs a line against the daemon. Words are separated by blanks, `%d` is the scratch directory. */
static void
run_line (Fixture *fixture, const char *line, const char *input)
{
  g_autoptr (GString) text = g_string_new (line);
  g_autofree char *port = g_strdup_printf ("--rest-port=%u", fixture->daemon.port);
  g_autofree char *user_dir = g_strdup_printf ("--user-dir=%s", fixture->directory);
  g_autofree char *config = g_build_filename (fixture->directory, "config.json", NULL);
  g_autofree char *config_flag = g_strconcat ("--config=", config, NULL);
  g_auto (GStrv) words = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  char *out = NULL;
  char *err = NULL;
  gsize size;
  FILE *out_stream = open_memstream (&out, &size);
  FILE *err_stream = open_memstream (&err, &size);
  FILE *in = fmemopen ((char *) input, strlen (input), "r");
  guint i;

  g_file_set_contents (config, "{}", -1, NULL);
  g_string_replace (text, "%d", fixture->directory, 0);
  words = g_strsplit (text->str, " ", -1);
  g_ptr_array_add (argv, config_flag);
  g_ptr_array_add (argv, port);
  g_ptr_array_add (argv, user_dir);
  for (i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, words[i]);
  g_ptr_array_add (argv, NULL);

  fixture->status = dms_cli_run (dms_cli_verbs_get_all (), (const char *const *) argv->pdata, in, out_stream,
                                 err_stream);
  fclose (in);
  fclose (out_stream);
  fclose (err_stream);
  g_free (fixture->out);
  g_free (fixture->err);
  fixture->out = g_strdup (out);
  fixture->err = g_strdup (err);
  free (out);
  free (err);
}

static void
test_payloads (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *line;
    const char *behaviour;
    const char *payload;
  } cases[] = {
    { "actor cmd /dms/node/peers/self", "/dms/node/peers/self", "{}" },
    { "actor cmd /dms/node/peers/ping -H P", "/dms/node/peers/ping", "{\"Host\":\"P\"}" },
    { "actor cmd /dms/node/peers/connect -a /ip4/1.2.3.4", "/dms/node/peers/connect",
      "{\"Address\":\"/ip4/1.2.3.4\"}" },
    { "actor cmd /dms/node/logger/config -l DEBUG -i 7 --enable-elastic=false", "/dms/node/logger/config",
      "{\"level\":\"DEBUG\",\"interval\":7,\"elastic_enabled\":false}" },
    { "actor cmd /dms/node/deployment/status -i X", "/dms/node/deployment/status", "{\"id\":\"X\"}" },
    { "actor cmd /dms/node/deployment/status -i X -u", "/dms/node/deployment/status",
      "{\"id\":\"X\",\"include_usage\":true}" },
    { "actor cmd /dms/node/deployment/manifest -i X", "/dms/node/deployment/manifest", "{\"ID\":\"X\"}" },
    { "actor cmd /dms/node/deployment/shutdown --id=X", "/dms/node/deployment/shutdown", "{\"ID\":\"X\"}" },
    { "actor cmd /dms/node/deployment/info -i X --usage --logs --allocations a,b",
     "/dms/node/deployment/info",
      "{\"id\":\"X\",\"include_usage\":true,\"include_logs\":true,\"allocation_names\":[\"a\",\"b\"]}" },
    { "actor cmd /dms/node/deployment/logs -i X -a n.a", "/dms/node/deployment/logs",
      "{\"EnsembleID\":\"X\",\"AllocationName\":\"n.a\"}" },
    { "actor cmd /dms/node/deployment/logs/async -i X -a n.a --follow", "/dms/node/deployment/logs/async",
      "{\"EnsembleID\":\"X\",\"AllocationName\":\"n.a\",\"Follow\":true,\"FollowIntervalSeconds\":10}" },
    { "actor cmd /dms/node/deployment/logs/async/stop -i X -a n.a", "/dms/node/deployment/logs/async/stop",
      "{\"EnsembleID\":\"X\",\"AllocationName\":\"n.a\"}" },
    { "actor cmd /dms/node/deployment/delete --id X", "/dms/node/deployment/delete",
      "{\"orchestrator_id\":\"X\"}" },
    { "actor cmd /dms/node/deployment/prune --before 7d", "/dms/node/deployment/prune",
     "{\"before\":\"7d\"}" },
    { "actor cmd /dms/node/deployment/prune -a", "/dms/node/deployment/prune", "{\"all\":true}" },
    { "actor cmd /dms/node/deployment/list", "/dms/node/deployment/list", "{\"sort_by\":\"-created_at\"}" },
    { "actor cmd /dms/node/deployment/list --status running,Failed --limit 3 -f a=b -f c=d=e --sort id "
      "--created-after 2026-01-01T00:00:00+01:00",
      "/dms/node/deployment/list",
      "{\"limit\":3,\"sort_by\":\"id\",\"metadata\":{\"a\":\"b\",\"c\":\"d=e\"},\"status\":[4,5],"
      "\"created_after\":\"2025-12-31T23:00:00Z\"}" },
    { "get deployments", "/dms/node/deployment/list", "{\"sort_by\":\"-created_at\"}" },
    { "get allocations", "/dms/node/allocations/list", "{}" },
    { "contracts --context other list incoming", "/dms/tokenomics/contract/list", "{\"role\":\"provider\"}" },
    { "contracts list outgoing", "/dms/tokenomics/contract/list", "{\"role\":\"requestor\"}" },
    { "actor cmd /dms/cap/list -c other", "/dms/cap/list", "{\"Context\":\"other\"}" },
    { "actor cmd /dms/cap/require/anchor --token {\"dms\":{\"act\":\"x\"}}", "/dms/cap/require/anchor",
      "{\"Token\":{\"tok\":[{\"dms\":{\"act\":\"x\"}}]}}" },
    { "actor cmd /dms/tokenomics/contract/state --contract-did D", "/dms/tokenomics/contract/state",
      "{\"contract_did\":\"D\"}" },
    { "actor cmd /dms/tokenomics/contract/transactions/confirm --unique-id U --tx-hash H --blockchain "
      "CARDANO",
      "/dms/tokenomics/contract/transactions/confirm",
      "{\"unique_id\":\"U\",\"tx_hash\":\"H\",\"blockchain\":\"CARDANO\",\"quote_id\":\"\"}" },
    { "actor cmd /dms/volume/start -n v", "/dms/volume/start", "{\"name\":\"v\"}" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].line);
      run_line (fixture, cases[i].line, "");
      g_assert_cmpstr (fixture->err, ==, "");
      g_assert_cmpint (fixture->status, ==, 0);
      g_assert_cmpstr (fixture->daemon.behaviour, ==, cases[i].behaviour);
      g_assert_cmpstr (fixture->daemon.payload, ==, cases[i].payload);
      g_assert_cmpstr (fixture->out, ==, "{\n  \"ok\": true\n}\n");
      g_assert_true (fixture->daemon.verified);
    }
}

static void
test_onboard (Fixture *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"OK\":true,\"Resources\":{\"cpu\":{\"clock_speed\":2500000000,\"cores\":8}}}";
  run_line (fixture, "actor cmd /dms/node/onboarding/onboard --ram 3.5 --cpu 7 --disk 512MiB --no-gpu", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->daemon.payload, ==,
                   "{\"NoGPU\":true,\"GPUs\":\"\",\"Config\":{\"onboarded_resources\":{"
                   "\"ram\":{\"size\":3758096384},\"disk\":{\"size\":536870912},"
                   "\"cpu\":{\"clock_speed\":2500000000,\"cores\":7.0}}}}");
  g_assert_true (g_str_has_prefix (fixture->out, "{"));

  run_line (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1 -G 0:8.6 -G 1:8.6", "");
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"NoGPU\":false,\"GPUs\":\"0:8.6,1:8.6\""));

  /* Nothing said about GPUs: a machine without any goes on, one with some asks. */
  run_line (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1", "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_true (g_str_has_prefix (fixture->out, "No usable GPUs"));
  fixture->daemon.reply = "{\"Resources\":{\"gpus\":[{\"index\":0,\"model\":\"A100\",\"vram\":8589934592}]}}";
  run_line (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1", "0:4\n");
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"GPUs\":\"0:4\""));
  g_assert_nonnull (strstr (fixture->err, "A100"));
  run_line (fixture, "actor cmd /dms/node/onboarding/onboard -R1 -C1 -D1", "\n");
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"GPUs\":\"\""));
  g_assert_true (g_str_has_prefix (fixture->out, "Skipping GPU selection."));

  run_line (fixture, "actor cmd /dms/node/onboarding/onboard -R abc -C1 -D1 -N", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_true (g_str_has_prefix (fixture->err, "Error: --ram: "));
  run_line (fixture, "actor cmd /dms/node/onboarding/onboard -R 1 -C-1 -D1 -N", "");
  g_assert_cmpint (fixture->status, ==, 1);
}

static void
test_deploy (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "job.yaml", NULL);

  g_file_set_contents (path,
                       "version: V1\nallocations:\n  a:\n    executor: \"null\"\n    type: task\n    "
                       "resources:\n"
                       "      cpu: {cores: 1}\n      ram: {size: 1}\n      disk: {size: 1}\n    execution:\n"
                       "      type: \"null\"\nnodes:\n  n:\n    allocations: [a]\n",
                       -1, NULL);
  run_line (fixture, "deploy -f %d/job.yaml", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->daemon.behaviour, ==, "/dms/node/deployment/new");
  g_assert_true (g_str_has_prefix (fixture->daemon.payload, "{\"Ensemble\":{\"v1\":{"));
  g_assert_nonnull (strstr (fixture->daemon.payload, "\"size\":1073741824"));
  /* A daemon of the field refuses one that lives less than 59 s. */
  g_assert_cmpint (fixture->daemon.lifetime, >, G_GINT64_CONSTANT (59000000000));

  run_line (fixture, "actor cmd /dms/node/deployment/new -t 90s -f %d/none.yaml", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "none.yaml"));
}

static void
test_times (Fixture *fixture, gconstpointer data)
{
  run_line (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (ABS (fixture->daemon.lifetime - G_GINT64_CONSTANT (30000000000)), <,
                   G_GINT64_CONSTANT (5000000000));
  run_line (fixture, "actor cmd -t 2h /public/hello", "");
  g_assert_cmpint (ABS (fixture->daemon.lifetime - G_GINT64_CONSTANT (7200000000000)), <,
                   G_GINT64_CONSTANT (5000000000));
  run_line (fixture, "actor cmd -e 2001-01-01T00:00:00Z /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  run_line (fixture, "actor cmd -e soon /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "“soon”"));
}

static void
test_broadcast (Fixture *fixture, gconstpointer data)
{
  fixture->daemon.reply = "{\"DID\":{\"uri\":\"a<b\"}}";
  run_line (fixture, "actor cmd /broadcast/hello", "");
  g_assert_cmpstr (fixture->daemon.path, ==, "/api/v1/actor/broadcast");
  g_assert_cmpstr (fixture->daemon.topic, ==, "/nunet/hello");
  /* Both good ones; what is no envelope is left out. */
  g_assert_cmpstr (fixture->out, ==,
                   "[\n  {\n    \"DID\": {\n      \"uri\": \"a\\u003cb\"\n    }\n  },\n"
                   "  {\n    \"DID\": {\n      \"uri\": \"a\\u003cb\"\n    }\n  }\n]\n");
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  fixture->daemon.status = 408;
  fixture->daemon.reply = "{\"error\":\"request timeout\"}";
  run_line (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->err, ==,
                   "Error: could not run behavior: failed to invoke behavior: request failed with status "
                   "408: "
                   "{\"error\":\"request timeout\"}\n");
  g_assert_true (g_str_has_prefix (fixture->out, "HTTP/1.1 408 "));

  run_line (fixture, "actor cmd --rest-port 1 /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "nunet run"));
  g_assert_cmpstr (fixture->out, ==, "");

  run_line (fixture, "actor cmd -c nobody /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "nobody"));
  run_line (fixture, "actor cmd -c ../../etc/passwd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "cannot name a context"));
  run_line (fixture, "actor cmd -d not-a-peer /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "--dest"));

  g_setenv ("DMS_PASSPHRASE", "another", TRUE);
  run_line (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_nonnull (strstr (fixture->err, "decryption failed"));
  g_assert_null (strstr (fixture->err, "another"));
}

/* A reply that somebody else signed is not shown. */
static void
test_forged (Fixture *fixture, gconstpointer data)
{
  dms_key_unref (fixture->daemon.signer);
  fixture->daemon.signer = dms_key_generate ();
  run_line (fixture, "actor cmd /public/hello", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_nonnull (strstr (fixture->err, "not signed by the actor that was asked"));
}

static void
test_messages (Fixture *fixture, gconstpointer data)
{
  g_autofree char *message = NULL;
  g_autofree char *line = NULL;

  run_line (fixture, "actor msg --invoke /public/hello {\"a\":1}", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpint (fixture->status, ==, 0);
  g_assert_null (fixture->daemon.behaviour);
  message = g_strdup (g_strchomp (fixture->out));
  g_assert_null (strchr (message, '\n'));

  line = g_strconcat ("actor invoke ", message, NULL);
  run_line (fixture, line, "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->daemon.behaviour, ==, "/public/hello");
  g_assert_cmpstr (fixture->daemon.payload, ==, "{\"a\":1}");
  g_assert_nonnull (strstr (fixture->out, "\n  \"be\": \"/private/user/"));

  run_line (fixture, "actor msg -b /nunet/hello /broadcast/hello {}", "");
  g_assert_nonnull (strstr (fixture->out, "\"topic\":\"/nunet/hello\""));
  run_line (fixture, "actor msg -b t -i /x {}", "");
  g_assert_cmpint (fixture->status, ==, 1);
  run_line (fixture, "actor msg /x {", "");
  g_assert_cmpint (fixture->status, ==, 1);
  run_line (fixture, "actor send nonsense", "");
  g_assert_cmpint (fixture->status, ==, 1);
}

static void
revoke_something (Fixture *fixture)
{
  g_autofree char *keys = g_build_filename (fixture->directory, "key", NULL);
  g_autofree char *path = g_build_filename (fixture->directory, "cap", "user.cap", NULL);
  g_autoptr (DmsKeystore) keystore = dms_keystore_new (keys);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsKey) key = dms_keystore_load (keystore, "user", PASSPHRASE, &error);
  g_autoptr (DmsCapabilityContext) context = dms_capability_context_load (path, key, &error);
  g_autoptr (DmsTokenList) granted = NULL;
  g_autoptr (DmsTokenList) revoked = NULL;
  g_autoptr (DmsToken) token = NULL;
  const char *const capabilities[] = { "/dms", NULL };
  guint64 expiry = (guint64) g_get_real_time () * 1000 + G_GUINT64_CONSTANT (3600000000000);

  granted = dms_capability_context_grant (context, dms_key_get_did (fixture->daemon.key), NULL, NULL,
                                          capabilities,
                                          expiry, 0, &error);
  g_assert_no_error (error);
  token = dms_capability_context_revoke (context, dms_token_list_get (granted, 0), &error);
  g_assert_no_error (error);
  revoked = dms_token_list_new_single (token);
  dms_capability_context_anchor_revoke (context, revoked, &error);
  g_assert_no_error (error);
  dms_capability_context_save (context, path, &error);
  g_assert_no_error (error);
}

static void
test_cap_broadcast (Fixture *fixture, gconstpointer data)
{
  run_line (fixture, "cap broadcast -c user", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->out, ==, "Successfully broadcast 0 revocation token(s) to all peers\n");
  g_assert_null (fixture->daemon.behaviour);

  revoke_something (fixture);
  fixture->daemon.reply = "{\"OK\":true,\"Error\":\"\"}";
  run_line (fixture, "cap broadcast -c user", "");
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpstr (fixture->out, ==, "Successfully broadcast 1 revocation token(s) to all peers\n");
  g_assert_cmpstr (fixture->daemon.behaviour, ==, "/dms/cap/revoke/broadcast");

  fixture->daemon.reply = "{\"OK\":false,\"Error\":\"nobody listens\"}";
  run_line (fixture, "cap broadcast -c user", "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->out, ==, "");
  g_assert_nonnull (strstr (fixture->err, "nobody listens"));
}

static void
test_config (Fixture *fixture, gconstpointer data)
{
  g_autofree char *directory = g_get_current_dir ();
  g_autofree char *config = g_build_filename (fixture->directory, "other.json", NULL);
  g_autofree char *set = g_strdup_printf ("--config %s config set", config);
  g_autofree char *first = g_strconcat (set, " rest.port 77", NULL);
  g_autofree char *second = g_strconcat (set, " observability.elasticsearch_enabled true", NULL);
  g_autofree char *wrong = g_strconcat (set, " rest.prot 77", NULL);
  g_autofree char *get = g_strdup_printf ("--config %s config get observability.elastic.enabled", config);
  g_autofree char *found = g_strdup_printf ("Found config file at: %s\ntrue\n", config);

  run_line (fixture, first, "");
  g_assert_cmpstr (fixture->err, ==, "Config file did not exist. Creating new file...\nApplied changes.\n");
  run_line (fixture, second, "");
  g_assert_cmpstr (fixture->err, ==, "Updating existing config file...\nApplied changes.\n");
  run_line (fixture, wrong, "");
  g_assert_cmpint (fixture->status, ==, 1);
  g_assert_cmpstr (fixture->err, ==, "Error: key \"rest.prot\" not found\n");
  run_line (fixture, get, "");
  g_assert_cmpstr (fixture->err, ==, found);
  g_assert_cmpstr (fixture->out, ==, "");

  g_chdir (fixture->directory);
  run_line (fixture, "config get rest.addr", "");
  g_assert_nonnull (strstr (fixture->err, "\n\"127.0.0.1\"\n"));
  g_chdir (directory);
}

/* Every verb has what its help shows, and every flag's letter is its own. */
static void
test_tables (Fixture *fixture, gconstpointer data)
{
  const DmsCliVerb *const *verb;

  for (verb = dms_cli_verbs_get_all (); *verb != NULL; verb++)
    {
      const DmsCliFlag *flag;
      g_autofree char *letters = g_strdup ("h");

      g_test_message ("%s", (*verb)->path);
      g_assert_nonnull ((*verb)->summary);
      for (flag = (*verb)->flags; flag != NULL && flag->name != NULL; flag++)
        {
          g_autofree char *more = g_strdup_printf ("%s%c", letters,
                                                   flag->shorthand != 0 ? flag->shorthand : '-');

          g_assert_nonnull (flag->help);
          g_assert_true (flag->shorthand == 0 || strchr (letters, flag->shorthand) == NULL);
          g_free (letters);
          letters = g_steal_pointer (&more);
        }
    }
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *name;
    void (*func) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/cli/behaviours/payloads", test_payloads },
    { "/cli/behaviours/onboard", test_onboard },
    { "/cli/behaviours/deploy", test_deploy },
    { "/cli/behaviours/times", test_times },
    { "/cli/behaviours/broadcast", test_broadcast },
    { "/cli/behaviours/refused", test_refused },
    { "/cli/behaviours/forged", test_forged },
    { "/cli/messages", test_messages },
    { "/cli/cap-broadcast", test_cap_broadcast },
    { "/cli/config", test_config },
    { "/cli/tables", test_tables },
  };
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);

  return g_test_run ();
}

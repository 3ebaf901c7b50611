/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-daemon.h"

#include <dms.h>
#include <glib/gstdio.h>
#include <string.h>

#include "actor/dms-envelope.h"
#include "capability/dms-capability-context.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli.h"
#include "identity/dms-keystore.h"

static char *
bytes_to_text (GBytes *bytes)
{
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  return g_strndup (data != NULL ? data : "", size);
}

static DmsHandle *
make_root (DmsTestDaemon *self, DmsKey *key)
{
  g_autoptr (DmsPeerId) peer = dms_key_dup_peer_id (self->key);
  g_autoptr (DmsDid) did = dms_key_dup_did (key);

  return dms_handle_new_for_key (key, did, peer, "root");
}

static char *
make_reply (DmsTestDaemon *self, DmsEnvelope *request)
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
  DmsTestDaemon *self = user_data;
  g_autoptr (DmsHandle) root = make_root (self, self->key);
  char *text = dms_handle_to_string (root);

  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
  soup_server_message_set_status (message, 200, NULL);
}

static void
on_message (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer user_data)
{
  DmsTestDaemon *self = user_data;
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
  DmsTestDaemon *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

static void
start (DmsTestDaemon *self)
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
stop (DmsTestDaemon *self)
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
make_identity (DmsTestCli *fixture, const char *name)
{
  g_autofree char *keys = g_build_filename (fixture->directory, "key", NULL);
  g_autofree char *caps = g_build_filename (fixture->directory, "cap", NULL);
  g_autofree char *path = g_strdup_printf ("%s/%s.cap", caps, name);
  g_autoptr (DmsKeystore) keystore = dms_keystore_new (keys);
  g_autoptr (DmsKey) key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) context = NULL;
  g_autoptr (GError) error = NULL;

  dms_keystore_set_cost (keystore, 1024);
  dms_keystore_save (keystore, name, key, DMS_TEST_PASSPHRASE, &error);
  g_assert_no_error (error);
  g_mkdir_with_parents (caps, 0700);
  context = dms_capability_context_new (dms_key_get_did (key), key);
  dms_capability_context_save (context, path, &error);
  g_assert_no_error (error);
}

void
dms_test_cli_set_up (DmsTestCli *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("dms-cli-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("DMS_PASSPHRASE", DMS_TEST_PASSPHRASE, TRUE);
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

void
dms_test_cli_tear_down (DmsTestCli *fixture, gconstpointer data)
{
  stop (&fixture->daemon);
  remove_all (fixture->directory);
  g_free (fixture->directory);
  g_free (fixture->out);
  g_free (fixture->err);
}

void
dms_test_cli_run (DmsTestCli *fixture, const char *line, const char *input)
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

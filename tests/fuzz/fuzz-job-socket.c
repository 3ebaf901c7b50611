/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <unistd.h>

#include "common/dms-json-object.h"
#include "dms-fuzz-node.h"
#include "provider/dms-allocation-private.h"

/* The socket takes less in one piece than a line may have. */
#define MAX_SAID 65536

/* A job that may deploy, on the node itself. */
static const char ENSEMBLE[] =
    "{\"Ensemble\": {\"V1\": {\"allocations\": {\"main\": {\"executor\": \"null\", \"type\": \"service\","
    " \"resources\": {\"cpu\": {\"cores\": 0.1}, \"ram\": {\"size\": 1048576}, \"disk\": {\"size\": "
    "1048576}},"
    " \"execution\": {\"type\": \"null\", \"params\": {\"duration_ms\": 3600000}}, \"dns_name\": \"main\","
    " \"children\": {\"max_deployments\": 1000, \"resources\": {\"cpu\": {\"cores\": 0.5},"
    " \"ram\": {\"size\": 33554432}, \"disk\": {\"size\": 33554432}}, \"lifetime\": \"1h\", \"depth\": 2,"
    " \"may_detach\": true}}}, \"nodes\": {\"n1\": {\"allocations\": [\"main\"]}}}}}";

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

/* (transfer full): the ensemble's ID */
static char *
deploy (DmsFuzzNode *node)
{
  DmsActor *root = dms_fuzz_node_get_root (node);
  g_autoptr (JsonNode) payload = json_from_string (ENSEMBLE, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DmsMessage) reply = NULL;
  g_autoptr (GError) error = NULL;
  const char *id;

  g_assert_nonnull (payload);
  dms_actor_invoke_async (root,
                          dms_actor_get_handle (root),
                          "/dms/node/deployment/new",
                          payload,
                          dms_actor_expiry_in (60),
                          NULL,
                          keep_result,
                          &result);
  dms_fuzz_node_wait (is_set, &result);
  reply = dms_actor_invoke_finish (root, result, &error);
  g_assert_no_error (error);
  id = dms_json_object_get_text (dms_message_get_object (reply), "EnsembleID");
  g_assert_nonnull (id);
  return g_strdup (id);
}

typedef struct
{
  DmsFuzzNode *node;
  const char *ensemble_id;
  /* (nullable): the one that runs */
  DmsAllocation *job;
} Search;

static gboolean
find_job (gpointer user_data)
{
  Search *search = user_data;
  DmsProvider *provider = dms_node_get_provider (dms_fuzz_node_get_node (search->node));
  g_autoptr (GPtrArray) all = dms_provider_list_allocations (provider);

  search->job = NULL;
  for (guint i = 0; i < all->len; i++)
    {
      DmsAllocation *allocation = all->pdata[i];

      if (allocation->socket != NULL && strcmp (allocation->record->ensemble_id, search->ensemble_id) == 0)
        search->job = allocation;
    }
  return search->job != NULL;
}

/* (transfer none): on the node of the moment. */
static DmsAllocation *
get_job (DmsFuzzNode *node)
{
  static DmsActor *root;
  static char *ensemble_id;
  Search search = { node, NULL, NULL };

  if (root != dms_fuzz_node_get_root (node))
    {
      g_set_object (&root, dms_fuzz_node_get_root (node));
      g_free (ensemble_id);
      ensemble_id = deploy (node);
    }
  search.ensemble_id = ensemble_id;
  dms_fuzz_node_wait (find_job, &search);
  return search.job;
}

/* The path may be longer than an address can hold. */
static GSocketConnection *
connect_to (DmsAllocation *job)
{
  g_autofree char *folder = g_build_filename (dms_job_log_get_folder (job->log), "socket", NULL);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d/job.sock", fd);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection =
      g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);

  g_assert_no_error (error);
  close (fd);
  return connection;
}

/* Says all of it, and then no more. */
static void
say (GSocketConnection *connection, GBytes *bytes)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_autoptr (GAsyncResult) result = NULL;

  g_output_stream_write_all_async (out, data, size, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  dms_fuzz_node_wait (is_set, &result);
  (void) g_output_stream_write_all_finish (out, result, NULL, NULL);
  (void) g_socket_shutdown (g_socket_connection_get_socket (connection), FALSE, TRUE, NULL);
}

/* All that is answered, until the other side closes. */
static GBytes *
hear (GSocketConnection *connection)
{
  GOutputStream *answers = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) kept = answers;
  g_autoptr (GAsyncResult) result = NULL;

  g_output_stream_splice_async (answers,
                                g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT,
                                NULL,
                                keep_result,
                                &result);
  dms_fuzz_node_wait (is_set, &result);
  (void) g_output_stream_splice_finish (answers, result, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (answers));
}

static void
check_answers (GBytes *answers)
{
  gsize size;
  const char *data = g_bytes_get_data (answers, &size);
  g_autofree char *text = g_strndup (data != NULL ? data : "", size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      g_autoptr (JsonNode) answer = json_from_string (lines[i], NULL);

      g_assert_nonnull (dms_json_node_get_child (answer));
      g_assert_nonnull (dms_json_object_get_member (json_node_get_object (answer), "ok"));
    }
}

/* What a job says on its socket, to the node that it runs on and to the orchestrator of its deployment. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  DmsFuzzNode *node = dms_fuzz_node_get ();
  DmsAllocation *job = get_job (node);
  g_autoptr (GBytes) bytes = g_bytes_new (data, MIN (size, MAX_SAID));
  g_autoptr (GBytes) answers = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;

  /* Each may say as much as it may at first. */
  dms_allocation_close_socket (job);
  dms_allocation_open_socket (job, &error);
  g_assert_no_error (error);
  connection = connect_to (job);
  say (connection, bytes);
  answers = hear (connection);
  check_answers (answers);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return 0;
}

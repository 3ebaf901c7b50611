/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The parts of the Docker executor that need no engine. */

#include <dms.h>

#include <glib/gstdio.h>
#include <string.h>

#include "dms-docker-client.h"
#include "dms-docker-create.h"
#include "dms-docker-demux.h"
#include "dms-docker-engine.h"
#include "dms-docker-error.h"
#include "dms-docker-executor.h"
#include "dms-docker-gpus.h"
#include "dms-docker-handle.h"
#include "dms-docker-json.h"
#include "dms-docker-launch.h"
#include "dms-docker-outcome.h"
#include "dms-docker-params.h"
#include "dms-docker-provision.h"
#include "dms-docker-pull.h"
#include "dms-docker-reference.h"
#include "dms-docker-stats.h"
#include "dms-docker-tar.h"

/* Frames */

typedef struct
{
  GString *streams[2];
} Streams;

static void
on_piece (DmsLogStream stream, const guint8 *data, gsize size, gpointer user_data)
{
  g_string_append_len (((Streams *) user_data)->streams[stream], (const char *) data, (gssize) size);
}

static const char FRAMES[] = "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\4err\n\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\2 2";

/* Whatever the sizes of the pieces that arrive, the streams are the same. */
static void
test_demux_split (void)
{
  for (gsize step = 1; step <= sizeof FRAMES - 1; step++)
    {
      g_autoptr (DmsDockerDemux) demux = dms_docker_demux_new ();
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (GString) err = g_string_new (NULL);
      Streams streams = { { out, err } };
      g_autoptr (GError) error = NULL;

      for (gsize i = 0; i < sizeof FRAMES - 1; i += step)
        dms_docker_demux_feed (demux,
                               (const guint8 *) FRAMES + i,
                               MIN (step, sizeof FRAMES - 1 - i),
                               on_piece,
                               &streams,
                               &error);
      g_assert_no_error (error);
      g_assert_cmpstr (out->str, ==, "out 2");
      g_assert_cmpstr (err->str, ==, "err\n");
      g_assert_true (dms_docker_demux_is_complete (demux));
    }
}

/* A frame that claims 4 GiB costs no memory; what comes is handed on, and the end is known to be missing. */
static void
test_demux_hostile (void)
{
  g_autoptr (DmsDockerDemux) demux = dms_docker_demux_new ();
  g_autoptr (DmsDockerDemux) other = dms_docker_demux_new ();
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) err = g_string_new (NULL);
  Streams streams = { { out, err } };
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_docker_demux_feed (
      demux, (const guint8 *) "\1\0\0\0\377\377\377\377abc", 11, on_piece, &streams, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (out->str, ==, "abc");
  g_assert_false (dms_docker_demux_is_complete (demux));
  g_assert_false (
      dms_docker_demux_feed (other, (const guint8 *) "plain text", 10, on_piece, &streams, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

/* References */

static void
test_reference_good (void)
{
  static const struct
  {
    const char *text, *name, *tag, *digest, *pull, *inspect;
  } cases[] = {
    { "alpine",
      "alpine",
      NULL,
      NULL,
      "/images/create?fromImage=alpine&tag=latest",
      "/images/alpine:latest/json" },
    { "redis:7", "redis", "7", NULL, "/images/create?fromImage=redis&tag=7", "/images/redis:7/json" },
    { "localhost:5000/a/b_c.d--e:V1.0-x",
      "localhost:5000/a/b_c.d--e",
      "V1.0-x",
      NULL,
      "/images/create?fromImage=localhost%3A5000%2Fa%2Fb_c.d--e&tag=V1.0-x",
      "/images/localhost:5000/a/b_c.d--e:V1.0-x/json" },
    { "ghcr.io/x/y",
      "ghcr.io/x/y",
      NULL,
      NULL,
      "/images/create?fromImage=ghcr.io%2Fx%2Fy&tag=latest",
      "/images/ghcr.io/x/y:latest/json" },
    { "a:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "a",
      "1",
      "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "/images/"
      "create?fromImage=a&tag=sha256%3A0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "/images/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/json" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DmsDockerReference) reference = dms_docker_reference_new (cases[i].text, &error);
      g_autofree char *pull = NULL;
      g_autofree char *inspect = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (dms_docker_reference_get_text (reference), ==, cases[i].text);
      g_assert_cmpstr (dms_docker_reference_get_name (reference), ==, cases[i].name);
      g_assert_cmpstr (dms_docker_reference_get_tag (reference), ==, cases[i].tag);
      g_assert_cmpstr (dms_docker_reference_get_digest (reference), ==, cases[i].digest);
      pull = dms_docker_reference_dup_pull_path (reference);
      inspect = dms_docker_reference_dup_inspect_path (reference);
      g_assert_cmpstr (pull, ==, cases[i].pull);
      g_assert_cmpstr (inspect, ==, cases[i].inspect);
    }
}

static void
test_reference_bad (void)
{
  static const char *const cases[] = { "",      "Alpine",     "a//b",       "/a",           "a/",
                                       "a:",    "a b",        "a:b:c",      "a@sha256:12",  "../x",
                                       "a?x=1", "a%2F",       "-a",         "a\n",          "a/B",
                                       "a..b",  "http://a/b", "a:\xc3\xa9", "a/../../json", "h:123456/a" };
  g_autofree char *large = g_strnfill (600, 'a');
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (dms_docker_reference_new (cases[i], &error) != NULL)
        g_error ("“%s” was taken for an image", cases[i]);
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_null (dms_docker_reference_new (large, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
}

/* Parameters */

static DmsDockerParams *
read_params (const char *json, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);

  return dms_docker_params_new (json_node_get_object (node), error);
}

static void
test_params (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsDockerParams) params = read_params (
      "{\"Image\":\"alpine\",\"cmd\":[\"a b\",\"\"],\"environment\":{\"K\":\"v=1\"},\"user\":\"u\","
      "\"working_directory\":\"/w\",\"privileged\":true,\"restart_policy\":\"always\","
      "\"entrypoint\":null}",
      &error);

  g_assert_no_error (error);
  g_assert_cmpstr (dms_docker_params_get_cmd (params)[0], ==, "a b");
  g_assert_cmpstr (dms_docker_params_get_cmd (params)[1], ==, "");
  g_assert_null (dms_docker_params_get_entrypoint (params));
  g_assert_cmpstr (dms_docker_params_get_environment (params)[0], ==, "K=v=1");
  g_assert_cmpstr (dms_docker_params_get_working_directory (params), ==, "/w");
  g_assert_cmpstr (dms_docker_params_get_user (params), ==, "u");
  g_assert_true (dms_docker_params_get_privileged (params));
}

static void
test_params_bad (void)
{
  static const struct
  {
    const char *json, *message;
  } cases[] = {
    { "{}", "“image” of a docker job must be given" },
    { "{\"image\":3}", "“image” of a docker job must be a text" },
    { "{\"image\":\"A B\"}", "is not the name of an image" },
    { "{\"image\":\"a\",\"cmd\":[1]}", "“cmd” of a docker job must be a list of texts" },
    { "{\"image\":\"a\",\"cmd\":{}}", "“cmd” of a docker job must be a list of texts" },
    { "{\"image\":\"a\",\"environment\":[\"1A=b\"]}",
      "“environment” of a docker job must be a list of KEY=VALUE" },
    { "{\"image\":\"a\",\"environment\":{\"A\":1}}",
      "“environment” of a docker job must be a list of KEY=VALUE" },
    { "{\"image\":\"a\",\"working_directory\":\"w\"}", "must be an absolute path" },
    { "{\"image\":\"a\",\"privileged\":\"yes\"}", "must be true or false" },
    { "{\"image\":\"a\",\"restart_policy\":\"often\"}",
      "must be one of no, on-failure, always, unless-stopped" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_params (cases[i].json, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
      if (strstr (error->message, cases[i].message) == NULL)
        g_error ("%s: %s", cases[i].json, error->message);
    }
}

/* Archives */

static void
test_tar (void)
{
  g_autoptr (DmsDockerTar) tar = dms_docker_tar_new ();
  g_autofree char *directory = g_dir_make_tmp ("dms-tar-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "a.tar", NULL);
  g_autofree char *deep = g_strnfill (150, 'n');
  g_autofree char *long_path = g_strdup_printf ("/.dms/%s", deep);
  g_autofree char *long_line = g_strdup_printf ("-rw------- 5/6 3 .dms/%s", deep);
  g_autoptr (GBytes) content = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) other = g_bytes_new_static ("xyz", 3);
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autofree char *listed = NULL;
  const char *argv[] = { "tar", "--numeric-owner", "-tvf", path, NULL };
  int status;

  dms_docker_tar_add_directory (tar, "/.dms", 01777, 0, 0);
  dms_docker_tar_add_file (tar, "/.dms/run", 0755, 0, 0, content);
  dms_docker_tar_add_file (tar, long_path, 0600, 5, 6, other);
  archive = dms_docker_tar_end (tar);
  g_assert_cmpuint (g_bytes_get_size (archive) % 512, ==, 0);
  first = dms_docker_tar_read_file (archive);
  g_assert_true (g_bytes_equal (first, content));
  g_assert_true (g_file_set_contents (
      path, g_bytes_get_data (archive, NULL), (gssize) g_bytes_get_size (archive), NULL));
  g_assert_true (g_spawn_sync (
      NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &listed, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_assert_nonnull (strstr (listed, "drwxrwxrwt 0/0"));
  g_assert_nonnull (strstr (listed, "-rwxr-xr-x 0/0"));
  g_assert_nonnull (strstr (listed, ".dms/run\n"));
  g_assert_nonnull (strstr (listed, deep));
  g_assert_nonnull (strstr (listed, "-rw------- 5/6"));
  g_unlink (path);
  g_rmdir (directory);
}

/* What an engine answers for a file is one file; for a folder, all in it; for a link, that. */
static void
test_tar_only_file (void)
{
  g_autoptr (DmsDockerTar) plain = dms_docker_tar_new ();
  g_autoptr (DmsDockerTar) folder = dms_docker_tar_new ();
  g_autoptr (GBytes) content = g_bytes_new_static ("hello", 5);
  g_autofree char *deep = g_strnfill (150, 'n');
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GBytes) other = NULL;
  g_autoptr (GBytes) link = NULL;
  g_autofree guint8 *copy = NULL;

  dms_docker_tar_add_file (plain, deep, 0600, 0, 0, content);
  archive = dms_docker_tar_end (plain);
  file = dms_docker_tar_read_only_file (archive);
  g_assert_true (g_bytes_equal (file, content));
  copy = g_memdup2 (g_bytes_get_data (archive, NULL), g_bytes_get_size (archive));
  /* The entry behind that of the long name. */
  copy[1024 + 156] = '2';
  link = g_bytes_new_take (g_steal_pointer (&copy), g_bytes_get_size (archive));
  g_assert_null (dms_docker_tar_read_only_file (link));
  dms_docker_tar_add_directory (folder, "/d", 0755, 0, 0);
  dms_docker_tar_add_file (folder, "/d/f", 0600, 0, 0, content);
  other = dms_docker_tar_end (folder);
  g_assert_null (dms_docker_tar_read_only_file (other));
}

static void
test_tar_hostile (void)
{
  g_autoptr (DmsDockerTar) tar = dms_docker_tar_new ();
  g_autoptr (GBytes) content = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GByteArray) changed = g_byte_array_new ();
  g_autoptr (GBytes) too_large = NULL;
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) noise = g_bytes_new_take (g_malloc0 (5000), 5000);

  dms_docker_tar_add_file (tar, "/f", 0600, 0, 0, content);
  archive = dms_docker_tar_end (tar);
  g_byte_array_append (changed, g_bytes_get_data (archive, NULL), (guint) g_bytes_get_size (archive));
  memcpy (changed->data + 124, "77777777777", 11);
  too_large = g_byte_array_free_to_bytes (g_steal_pointer (&changed));
  g_assert_null (dms_docker_tar_read_file (too_large));
  g_assert_null (dms_docker_tar_read_file (empty));
  g_assert_null (dms_docker_tar_read_file (noise));
  for (gsize size = 0; size < 517; size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (archive, 0, size);

      g_assert_null (dms_docker_tar_read_file (cut));
    }
}

/* Handles and specifications */

static DmsExecutionSpec *
make_spec (const char *job_id, const char *params_json, gboolean full)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_execution_spec_builder_new (job_id, "e1", "docker");
  g_autoptr (JsonNode) params = json_from_string (params_json, NULL);
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1.5, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (64 * 1024 * 1024, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (1000000);
  g_autoptr (DmsResources) resources = NULL;
  g_autoptr (DmsVolume) volume = dms_volume_new ("local", "v", "/srv/v", "/data", TRUE, NULL);
  g_autoptr (DmsPortMapping) both = dms_port_mapping_new ("10.0.0.2", 8080, 80, DMS_PORT_BOTH);
  g_autoptr (DmsPortMapping) any = dms_port_mapping_new (NULL, 8081, 80, DMS_PORT_TCP);

  g_ptr_array_add (gpus, dms_gpu_new (2, DMS_GPU_VENDOR_NVIDIA, NULL, NULL, NULL, 0));
  resources = dms_resources_new (cpu, ram, disk, full ? gpus : NULL);
  dms_execution_spec_builder_set_params (builder, json_node_get_object (params));
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_state_dir (builder, "/var/lib/dms/x");
  if (full)
    {
      dms_execution_spec_builder_add_volume (builder, volume);
      dms_execution_spec_builder_add_port (builder, both);
      dms_execution_spec_builder_add_port (builder, any);
      dms_execution_spec_builder_set_network (builder, "10.0.0.2", "10.0.0.1");
      dms_execution_spec_builder_set_pids_limit (builder, 99);
    }
  return dms_execution_spec_builder_end (builder);
}

static void
test_handle (void)
{
  g_autoptr (DmsExecutionSpec) plain = make_spec ("ab_n.a", "{\"image\":\"a\"}", FALSE);
  g_autoptr (DmsExecutionSpec) strange = make_spec ("ab_n/ä", "{\"image\":\"a\"}", FALSE);
  g_autoptr (DmsExecutionSpec) similar = make_spec ("ab_n/ö", "{\"image\":\"a\"}", FALSE);
  g_autofree char *text = g_strnfill (400, 'x');
  g_autoptr (DmsExecutionSpec) large = make_spec (text, "{\"image\":\"a\"}", FALSE);
  g_autofree char *handle = dms_docker_handle_dup (plain);
  g_autofree char *again = dms_docker_handle_dup (plain);
  g_autofree char *strange_name = dms_docker_handle_dup_name (strange);
  g_autofree char *similar_name = dms_docker_handle_dup_name (similar);
  g_autofree char *large_name = dms_docker_handle_dup_name (large);
  g_autofree char *name = NULL;
  g_autofree char *state_dir = NULL;
  static const char *const bad[] = { "",           "docker:",      "docker::/x",  "docker:a", "docker:a/b:/x",
                                     "docker:a:x", "process:a:/x", "docker:..:/x" };

  g_assert_cmpstr (handle, ==, "docker:docker_ab_n.a_e1:/var/lib/dms/x");
  g_assert_cmpstr (handle, ==, again);
  g_assert_true (dms_docker_handle_parse (handle, &name, &state_dir, NULL));
  g_assert_cmpstr (name, ==, "docker_ab_n.a_e1");
  g_assert_cmpstr (state_dir, ==, "/var/lib/dms/x");
  g_assert_cmpstr (strange_name, !=, similar_name);
  g_assert_true (g_str_has_prefix (strange_name, "docker_ab_n_"));
  g_assert_cmpuint (strlen (large_name), ==, 200);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *bad_name = NULL;
      g_autofree char *bad_dir = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_false (dms_docker_handle_parse (bad[i], &bad_name, &bad_dir, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
    }
}

static DmsDockerEngine *
make_engine (const char *component, const char *driver, const char *status)
{
  g_autofree char *version =
      g_strdup_printf ("{\"Version\":\"9.9\",\"Components\":[1,{\"Name\":\"%s\"}]}", component);
  g_autofree char *info = g_strdup_printf (
      "{\"Driver\":\"%s\",\"DriverStatus\":%s,\"CpuCfsQuota\":true,\"MemoryLimit\":true,\"PidsLimit\":true}",
      driver,
      status);
  g_autoptr (JsonNode) version_node = json_from_string (version, NULL);
  g_autoptr (JsonNode) info_node = json_from_string (info, NULL);

  return dms_docker_engine_new (json_node_get_object (version_node), json_node_get_object (info_node));
}

static char *
dup_member (JsonNode *body, const char *expression)
{
  g_autoptr (JsonNode) found = json_path_query (expression, body, NULL);

  return json_to_string (found, FALSE);
}

static void
assert_member (JsonNode *body, const char *expression, const char *expected)
{
  g_autofree char *text = dup_member (body, expression);

  g_assert_cmpstr (text, ==, expected);
}

static const char *const no_devices[] = { NULL };

static void
test_create_body (void)
{
  g_autoptr (DmsExecutionSpec) spec = make_spec (
      "ab_n.a", "{\"image\":\"a\",\"cmd\":[\"x y\"],\"environment\":[\"A=b\"],\"privileged\":true}", TRUE);
  g_autoptr (DmsDockerParams) params = dms_docker_params_new (dms_execution_spec_get_params (spec), NULL);
  g_autoptr (DmsDockerEngine) engine =
      make_engine ("Engine", "overlay2", "[[\"Backing Filesystem\",\"xfs\"]]");
  g_autoptr (JsonNode) body = dms_docker_create_body (spec, params, engine, NULL, no_devices, TRUE);

  g_assert_true (dms_docker_engine_may_have_quota (engine));
  assert_member (body, "$.Image", "[\"a\"]");
  assert_member (body, "$.Cmd", "[[\"x y\"]]");
  assert_member (body, "$.Entrypoint", "[]");
  assert_member (body, "$.Env", "[[\"A=b\"]]");
  assert_member (body, "$.Tty", "[false]");
  assert_member (body, "$.Labels['nunet-executor']", "[\"docker\"]");
  assert_member (body, "$.Labels['nunet-jobID']", "[\"docker_ab_n.a\"]");
  assert_member (body, "$.Labels['nunet-executionID']", "[\"docker_ab_n.a_e1\"]");
  assert_member (body, "$.Labels['dms.handle']", "[\"docker:docker_ab_n.a_e1:/var/lib/dms/x\"]");
  assert_member (body, "$.HostConfig.NanoCpus", "[1500000000]");
  assert_member (body, "$.HostConfig.Memory", "[67108864]");
  assert_member (body, "$.HostConfig.MemorySwap", "[67108864]");
  assert_member (body, "$.HostConfig.PidsLimit", "[99]");
  assert_member (body, "$.HostConfig.StorageOpt.size", "[\"1000000\"]");
  assert_member (body,
                 "$.HostConfig.Mounts",
                 "[[{\"Type\":\"bind\",\"Source\":\"/srv/v\",\"Target\":\"/data\",\"ReadOnly\":true}]]");
  assert_member (
      body,
      "$.HostConfig.PortBindings['80/tcp']",
      "[[{\"HostIp\":\"10.0.0.2\",\"HostPort\":\"8080\"},{\"HostIp\":\"\",\"HostPort\":\"8081\"}]]");
  assert_member (
      body, "$.HostConfig.PortBindings['80/udp']", "[[{\"HostIp\":\"10.0.0.2\",\"HostPort\":\"8080\"}]]");
  assert_member (body, "$.ExposedPorts['80/udp']", "[{}]");
  assert_member (body, "$.HostConfig.Dns", "[[\"10.0.0.1\",\"1.1.1.1\"]]");
  assert_member (body, "$.HostConfig.DnsSearch", "[[\"internal\"]]");
  assert_member (body,
                 "$.HostConfig.DeviceRequests",
                 "[[{\"Driver\":\"nvidia\",\"DeviceIDs\":[\"2\"],\"Capabilities\":[[\"gpu\"]]}]]");
  /* The job asks for it, but this machine does not allow it. */
  assert_member (body, "$.HostConfig.Privileged", "[false]");
  assert_member (body, "$.HostConfig.SecurityOpt", "[[\"no-new-privileges\"]]");
  assert_member (body, "$.HostConfig.Ulimits", "[]");
}

static DmsExecutionSpec *
make_gpu_spec (GPtrArray *gpus)
{
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_execution_spec_builder_new ("ab_n.a", "e1", "docker");
  g_autoptr (JsonNode) params = json_from_string ("{\"image\":\"a\"}", NULL);
  g_autoptr (DmsCpu) cpu = dms_cpu_new (1, 0);
  g_autoptr (DmsRam) ram = dms_ram_new (1024, 0, NULL);
  g_autoptr (DmsDisk) disk = dms_disk_new (1000);
  g_autoptr (DmsResources) resources = dms_resources_new (cpu, ram, disk, gpus);

  dms_execution_spec_builder_set_params (builder, json_node_get_object (params));
  dms_execution_spec_builder_set_resources (builder, resources);
  dms_execution_spec_builder_set_state_dir (builder, "/var/lib/dms/x");
  return dms_execution_spec_builder_end (builder);
}

static void
make_card (const char *root, const char *address, const char *name)
{
  g_autofree char *dri = g_build_filename (root, "dev", "dri", NULL);
  g_autofree char *node = g_build_filename (dri, name, NULL);
  g_autofree char *drm = g_build_filename (root, "sys/bus/pci/devices", address, "drm", name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (dri, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (drm, 0700), ==, 0);
  g_assert_true (g_file_set_contents (node, "", 0, NULL));
}

/* A job that was given one of two AMD cards gets the other's nodes no more than those of NVIDIA's. */
static void
test_create_gpus (void)
{
  static const char device[] =
      "{\"PathOnHost\":\"/dev/dri/renderD129\",\"PathInContainer\":\"/dev/dri/renderD129\","
      "\"CgroupPermissions\":\"rwm\"}";
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);
  g_autoptr (DmsExecutionSpec) spec = NULL;
  g_autoptr (DmsDockerParams) params = NULL;
  g_autoptr (DmsDockerEngine) engine = make_engine ("Engine", "overlay2", "[]");
  g_autoptr (JsonNode) body = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *root = g_dir_make_tmp ("dms-gpu-XXXXXX", NULL);
  g_autofree char *expected = g_strdup_printf ("[[%s]]", device);
  g_autofree char *command = g_strdup_printf ("rm -r %s", root);
  g_auto (GStrv) devices = NULL;

  make_card (root, "0000:03:00.0", "renderD128");
  make_card (root, "0000:04:00.0", "renderD129");
  g_ptr_array_add (gpus, dms_gpu_new (2, DMS_GPU_VENDOR_AMD, NULL, "0000:04:00.0", NULL, 0));
  g_ptr_array_add (gpus, dms_gpu_new (1, DMS_GPU_VENDOR_NVIDIA, NULL, "0000:05:00.0", NULL, 0));
  spec = make_gpu_spec (gpus);
  params = dms_docker_params_new (dms_execution_spec_get_params (spec), NULL);
  devices = dms_docker_gpus_list_devices (gpus, root, &error);
  g_assert_no_error (error);
  body = dms_docker_create_body (spec, params, engine, NULL, (const char *const *) devices, FALSE);
  assert_member (body, "$.HostConfig.Devices", expected);
  assert_member (body,
                 "$.HostConfig.DeviceRequests",
                 "[[{\"Driver\":\"nvidia\",\"DeviceIDs\":[\"1\"],\"Capabilities\":[[\"gpu\"]]}]]");
  g_ptr_array_add (gpus, dms_gpu_new (3, DMS_GPU_VENDOR_INTEL, NULL, NULL, NULL, 0));
  g_assert_null (dms_docker_gpus_list_devices (gpus, root, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

static void
test_create_wrapped (void)
{
  g_autoptr (DmsExecutionSpec) spec = make_spec ("ab_n.a", "{\"image\":\"a\",\"cmd\":[\"x\"]}", FALSE);
  g_autoptr (DmsDockerParams) params = dms_docker_params_new (dms_execution_spec_get_params (spec), NULL);
  g_autoptr (DmsDockerEngine) engine = make_engine ("Podman Engine", "vfs", "null");
  static const char *const argv[] = { "entry", "x", NULL };
  g_autoptr (JsonNode) body = dms_docker_create_body (spec, params, engine, argv, no_devices, FALSE);
  g_autofree char *ulimits = dup_member (body, "$.HostConfig.Ulimits[*].Name");

  g_assert_true (dms_docker_engine_is_podman (engine));
  g_assert_false (dms_docker_engine_may_have_quota (engine));
  assert_member (body, "$.Entrypoint", "[[\"/bin/sh\",\"/.dms/run\"]]");
  assert_member (body, "$.Cmd", "[[\"entry\",\"x\"]]");
  assert_member (body, "$.HostConfig.StorageOpt", "[]");
  assert_member (body, "$.HostConfig.Dns", "[]");
  g_assert_cmpstr (ulimits, ==, "[\"nofile\",\"nproc\"]");
}

static char *
join_argv (const char *image, const char *params_json)
{
  g_autoptr (JsonNode) node = json_from_string (image, NULL);
  g_autoptr (DmsDockerParams) params = read_params (params_json, NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = dms_docker_provision_dup_argv (json_node_get_object (node), params, &error);

  return argv != NULL ? g_strjoinv ("|", argv) : g_strdup (error->message);
}

static void
test_argv (void)
{
  static const char image[] = "{\"Config\":{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\",\"d d\"]}}";
  g_autofree char *own = join_argv (image, "{\"image\":\"a\"}");
  g_autofree char *cmd = join_argv (image, "{\"image\":\"a\",\"cmd\":[\"x\"]}");
  g_autofree char *entry = join_argv (image, "{\"image\":\"a\",\"entrypoint\":[\"y\"]}");
  g_autofree char *both = join_argv (image, "{\"image\":\"a\",\"entrypoint\":[\"y\"],\"cmd\":[\"x\"]}");
  g_autofree char *none = join_argv ("{\"Config\":{\"Cmd\":null}}", "{\"image\":\"a\"}");

  g_assert_cmpstr (own, ==, "e|c|d d");
  g_assert_cmpstr (cmd, ==, "e|x");
  g_assert_cmpstr (entry, ==, "y");
  g_assert_cmpstr (both, ==, "y|x");
  g_assert_cmpstr (none, ==, "neither the job nor image “a” says what to run: give cmd or entrypoint");
}

static void
test_check (void)
{
  g_autoptr (DmsExecutionSpec) privileged = make_spec ("a", "{\"image\":\"a\",\"privileged\":true}", FALSE);
  g_autoptr (DmsExecutionSpec) good = make_spec ("a", "{\"image\":\"a\"}", TRUE);
  g_autoptr (DmsExecutionSpecBuilder) builder = dms_execution_spec_builder_new ("a", "e", "docker");
  g_autoptr (JsonNode) params = json_from_string ("{\"image\":\"a\"}", NULL);
  g_autoptr (GBytes) content = g_bytes_new_static ("k", 1);
  g_autoptr (DmsScript) key = dms_script_new ("/etc/../key", content);
  g_autoptr (DmsExecutionSpec) bad_key = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_docker_launch_check (good, &error));
  g_assert_no_error (error);
  g_assert_false (dms_docker_launch_check (privileged, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  dms_execution_spec_builder_set_params (builder, json_node_get_object (params));
  dms_execution_spec_builder_add_key (builder, key);
  bad_key = dms_execution_spec_builder_end (builder);
  g_assert_false (dms_docker_launch_check (bad_key, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT);
}

/* Errors */

static void
test_errors (void)
{
  static const struct
  {
    guint status;
    const char *text;
    DmsErrorCode code;
    const char *message;
  } cases[] = {
    { 404,
      "No such image: x:1",
      DMS_ERROR_NOT_FOUND,
      "No such image: x:1; pull the image or check its name" },
    { 500, "write /x: no space left on device", DMS_ERROR_NO_SPACE, "free space" },
    { 409,
      "Conflict. The container name \"/x\" is already in use by container y",
      DMS_ERROR_ALREADY_EXISTS,
      "in use" },
    { 409, "Container x is not running", DMS_ERROR_WRONG_STATE, "is not running" },
    { 500,
      "driver failed: Bind for 0.0.0.0:80 failed: port is already allocated",
      DMS_ERROR_BUSY,
      "choose another" },
    { 0, "toomanyrequests: You have reached your limit", DMS_ERROR_BUSY, "try again later" },
    { 0, "manifest unknown: manifest unknown", DMS_ERROR_NOT_FOUND, "the tag of the image" },
    { 500,
      "dial tcp: lookup r.example: no such host",
      DMS_ERROR_UNAVAILABLE,
      "the registry cannot be reached" },
    { 400, "exec: \"x\": executable file not found in $PATH", DMS_ERROR_INVALID_ARGUMENT, "no such program" },
    { 500, "something\nnew\x01", DMS_ERROR_FAILED, "something new" },
    { 500, "", DMS_ERROR_FAILED, "the container engine answered with status 500" },
  };
  g_autoptr (GBytes) json = g_bytes_new_static ("{\"message\":\"No such container: x\"}", 34);
  g_autoptr (GBytes) text = g_bytes_new_static ("page not found\n", 15);
  g_autoptr (GError) from_json = dms_docker_error_new_from_reply (404, json);
  g_autoptr (GError) from_text = dms_docker_error_new_from_reply (404, text);
  g_autofree char *large = g_strnfill (100000, 'x');
  g_autoptr (GError) bounded = dms_docker_error_new_from_text (500, large);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = dms_docker_error_new_from_text (cases[i].status, cases[i].text);

      g_assert_error (error, DMS_ERROR, (int) cases[i].code);
      if (strstr (error->message, cases[i].message) == NULL)
        g_error ("%s → %s", cases[i].text, error->message);
    }
  g_assert_error (from_json, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_cmpstr (from_json->message, ==, "No such container: x");
  g_assert_cmpstr (from_text->message, ==, "page not found");
  g_assert_cmpuint (strlen (bounded->message), <=, 600);
}

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static DmsExecutorProbe *
probe (void)
{
  g_autoptr (DmsExecutor) executor = g_object_new (DMS_TYPE_DOCKER_EXECUTOR, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DmsExecutorProbe *found;

  dms_executor_probe_async (executor, NULL, on_ready, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  found = dms_executor_probe_finish (executor, result, &error);
  g_assert_no_error (error);
  return found;
}

/* Without an engine the executor says what to install. */
static void
test_no_engine (void)
{
  g_autoptr (DmsExecutorProbe) missing = NULL;
  g_autoptr (DmsExecutorProbe) remote = NULL;

  g_setenv ("DMS_DOCKER_SOCKET", "/nonexistent/docker.sock", TRUE);
  missing = probe ();
  g_assert_false (dms_executor_probe_get_available (missing));
  g_assert_true (
      g_str_has_prefix (dms_executor_probe_get_reason (missing),
                        "no container engine answers at /nonexistent/docker.sock: install and start Docker "
                        "(apt install docker.io) or Podman (systemctl --user enable --now podman.socket)"));
  g_unsetenv ("DMS_DOCKER_SOCKET");
  g_setenv ("DOCKER_HOST", "tcp://example.com:2375", TRUE);
  remote = probe ();
  g_assert_false (dms_executor_probe_get_available (remote));
  g_assert_nonnull (
      strstr (dms_executor_probe_get_reason (remote), "DOCKER_HOST is “tcp://example.com:2375”"));
  g_unsetenv ("DOCKER_HOST");
}

/* Statistics, as Docker (cgroup v2) and Podman (cgroup v1) send them */

static void
test_stats (void)
{
  g_autoptr (JsonNode) docker = json_from_string (
      "{\"pids_stats\":{\"current\":3},\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":2500000000}},"
      "\"memory_stats\":{\"usage\":1000,\"limit\":4000,\"stats\":{\"inactive_file\":300}},"
      "\"networks\":{\"eth0\":{\"rx_bytes\":5,\"tx_bytes\":6},\"eth1\":{\"rx_bytes\":10,\"tx_bytes\":20},"
      "\"x\":1}}",
      NULL);
  g_autoptr (JsonNode) podman = json_from_string (
      "{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":3000000000}},\"memory_stats\":{\"usage\":500,\"limit\":"
      "18446744073709551615},\"networks\":null}",
      NULL);
  g_autoptr (JsonNode) empty =
      json_from_string ("{\"memory_stats\":[],\"cpu_stats\":{\"cpu_usage\":-1}}", NULL);
  g_autoptr (DmsUsage) first = dms_docker_stats_read (json_node_get_object (docker), NULL, 5000000, 42);
  g_autoptr (DmsUsage) second = dms_docker_stats_read (json_node_get_object (podman), first, 1000000, 0);
  g_autoptr (DmsUsage) third = dms_docker_stats_read (json_node_get_object (empty), second, 1000000, 0);

  g_assert_cmpfloat (dms_usage_get_cpu_percent (first), ==, 50);
  g_assert_cmpuint (dms_usage_get_cpu_time_us (first), ==, 2500000);
  g_assert_cmpuint (dms_usage_get_memory_bytes (first), ==, 700);
  g_assert_cmpuint (dms_usage_get_memory_peak_bytes (first), ==, 700);
  g_assert_cmpuint (dms_usage_get_memory_limit_bytes (first), ==, 4000);
  g_assert_cmpuint (dms_usage_get_network_rx_bytes (first), ==, 15);
  g_assert_cmpuint (dms_usage_get_network_tx_bytes (first), ==, 26);
  g_assert_cmpuint (dms_usage_get_disk_bytes (first), ==, 42);
  g_assert_cmpuint (dms_usage_get_pids (first), ==, 3);
  g_assert_cmpfloat (dms_usage_get_cpu_percent (second), ==, 50);
  g_assert_cmpuint (dms_usage_get_memory_bytes (second), ==, 500);
  g_assert_cmpuint (dms_usage_get_memory_peak_bytes (second), ==, 700);
  g_assert_cmpuint (dms_usage_get_memory_bytes (third), ==, 0);
}

/* Progress of a pull */

static void
test_pull (void)
{
  g_autoptr (DmsDockerPull) pull = dms_docker_pull_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpfloat (dms_docker_pull_get_fraction (pull), <, 0);
  g_assert_true (dms_docker_pull_read_line (pull, "{\"status\":\"Pulling from x\",\"id\":\"1\"}", &error));
  g_assert_true (dms_docker_pull_read_line (
      pull,
      "{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{\"current\":25,\"total\":100}}",
      &error));
  g_assert_cmpfloat (dms_docker_pull_get_fraction (pull), ==, 0.25);
  g_assert_true (dms_docker_pull_read_line (
      pull,
      "{\"status\":\"Downloading\",\"id\":\"b\",\"progressDetail\":{\"current\":500,\"total\":100}}",
      &error));
  g_assert_true (dms_docker_pull_read_line (pull, "{\"status\":\"Download complete\",\"id\":\"a\"}", &error));
  g_assert_cmpfloat (dms_docker_pull_get_fraction (pull), ==, 1);
  g_assert_true (dms_docker_pull_read_line (pull, "", &error));
  g_assert_true (dms_docker_pull_read_line (pull, "[]", &error));
  g_assert_no_error (error);
  g_assert_false (dms_docker_pull_read_line (pull, "{\"error\":\"manifest unknown\"}", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (dms_docker_pull_read_line (pull, "<html>", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

/* Results */

static DmsExecutionResult *
make_result (const char *state, const DmsDockerOutcomeFacts *facts)
{
  g_autofree char *text = g_strdup_printf ("{\"State\":{\"StartedAt\":\"2026-01-02T03:04:05.123456789Z\","
                                           "\"FinishedAt\":\"2026-01-02T03:04:06Z\",%s},"
                                           "\"HostConfig\":{\"Memory\":67108864},\"Config\":{\"Labels\":{"
                                           "\"dms.oom-kills\":\"7\",\"dms.boot\":\"b\","
                                           "\"dms.disk-limit\":\"2147483648\"}}}",
                                           state);
  g_autoptr (JsonNode) node = json_from_string (text, NULL);

  return dms_docker_outcome_new (json_node_get_object (node), facts);
}

static void
test_outcome (void)
{
  static const struct
  {
    const char *state;
    DmsDockerOutcomeFacts facts;
    DmsEndReason reason;
    int code;
    const char *message;
  } cases[] = {
    { "\"ExitCode\":0", { 0 }, DMS_END_EXITED, 0, NULL },
    { "\"ExitCode\":2", { 0 }, DMS_END_EXITED, 2, NULL },
    { "\"ExitCode\":137,\"OOMKilled\":true",
      { 0 },
      DMS_END_OUT_OF_MEMORY,
      137,
      "memory limit of 64.0 MiB exceeded" },
    { "\"ExitCode\":0,\"OOMKilled\":true", { 0 }, DMS_END_EXITED, 0, NULL },
    { "\"ExitCode\":137",
      { .oom_kills = 8, .boot_id = "b" },
      DMS_END_OUT_OF_MEMORY,
      137,
      "memory limit of 64.0 MiB exceeded" },
    { "\"ExitCode\":137",
      { .oom_kills = 7, .boot_id = "b" },
      DMS_END_SIGNALLED,
      137,
      "ended by signal 9 (Killed)" },
    { "\"ExitCode\":137",
      { .oom_kills = 8, .boot_id = "c" },
      DMS_END_SIGNALLED,
      137,
      "ended by signal 9 (Killed)" },
    { "\"ExitCode\":137",
      { .oom_kills = 8, .boot_id = "b", .stopped = TRUE },
      DMS_END_STOPPED,
      137,
      "stopped on request" },
    { "\"ExitCode\":137",
      { .out_of_disk = TRUE },
      DMS_END_OUT_OF_DISK,
      137,
      "disk limit of 2.0 GiB exceeded" },
    { "\"ExitCode\":3",
      { .failed_script = "s", .script_code = 3 },
      DMS_END_SCRIPT_FAILED,
      3,
      "provision script “s” failed with exit code 3" },
    { "\"ExitCode\":127,\"StartedAt\":\"0001-01-01T00:00:00Z\",\"Error\":\"no\"",
      { 0 },
      DMS_END_LAUNCH_FAILED,
      -1,
      "no" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DmsExecutionResult) result = make_result (cases[i].state, &cases[i].facts);

      g_assert_cmpint (dms_execution_result_get_reason (result), ==, cases[i].reason);
      g_assert_cmpint (dms_execution_result_get_exit_code (result), ==, cases[i].code);
      g_assert_cmpstr (dms_execution_result_get_message (result), ==, cases[i].message);
      if (cases[i].code >= 0)
        g_assert_cmpint (
            dms_execution_result_get_started_us (result), ==, G_GINT64_CONSTANT (1767323045123456));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/executor-docker/demux/split", test_demux_split);
  g_test_add_func ("/executor-docker/demux/hostile", test_demux_hostile);
  g_test_add_func ("/executor-docker/reference/good", test_reference_good);
  g_test_add_func ("/executor-docker/reference/bad", test_reference_bad);
  g_test_add_func ("/executor-docker/params/good", test_params);
  g_test_add_func ("/executor-docker/params/bad", test_params_bad);
  g_test_add_func ("/executor-docker/tar/written", test_tar);
  g_test_add_func ("/executor-docker/tar/only-file", test_tar_only_file);
  g_test_add_func ("/executor-docker/tar/hostile", test_tar_hostile);
  g_test_add_func ("/executor-docker/handle", test_handle);
  g_test_add_func ("/executor-docker/create/body", test_create_body);
  g_test_add_func ("/executor-docker/create/gpus", test_create_gpus);
  g_test_add_func ("/executor-docker/create/wrapped", test_create_wrapped);
  g_test_add_func ("/executor-docker/argv", test_argv);
  g_test_add_func ("/executor-docker/check", test_check);
  g_test_add_func ("/executor-docker/errors", test_errors);
  g_test_add_func ("/executor-docker/no-engine", test_no_engine);
  g_test_add_func ("/executor-docker/stats", test_stats);
  g_test_add_func ("/executor-docker/pull", test_pull);
  g_test_add_func ("/executor-docker/outcome", test_outcome);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-execution-spec.h"

#include "dms-error.h"
#include "values/dms-port-mapping.h"
#include "values/dms-resources.h"
#include "values/dms-script.h"
#include "values/dms-value-private.h"
#include "values/dms-volume.h"

/**
 * DmsExecutionSpec:
 *
 * What an executor is asked to run. Immutable and counted; made by #DmsExecutionSpecBuilder.
 */
struct _DmsExecutionSpec
{
  char *job_id;
  char *execution_id;
  char *engine;
  JsonObject *params;
  DmsResources *resources;
  guint pids_limit;
  GPtrArray *volumes;
  GPtrArray *ports;
  GPtrArray *scripts;
  GPtrArray *keys;
  char *state_dir;
  char *ip;
  char *gateway_ip;
  gboolean allow_privileged;
  char *lease_path;
};

/**
 * DmsExecutionSpecBuilder:
 *
 * Collects the parts of a specification, then makes it.
 */
struct _DmsExecutionSpecBuilder
{
  DmsExecutionSpec *spec;
};

G_DEFINE_BOXED_TYPE (DmsExecutionSpec, dms_execution_spec, dms_execution_spec_ref, dms_execution_spec_unref)
G_DEFINE_BOXED_TYPE (DmsExecutionSpecBuilder,
                     dms_execution_spec_builder,
                     dms_execution_spec_builder_ref,
                     dms_execution_spec_builder_unref)

static DmsExecutionSpec *
dms_execution_spec_alloc (void)
{
  DmsExecutionSpec *self = g_atomic_rc_box_new0 (DmsExecutionSpec);

  self->volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_volume_unref);
  self->ports = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_port_mapping_unref);
  self->scripts = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_script_unref);
  self->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_script_unref);
  return self;
}

static void
dms_execution_spec_complete (DmsExecutionSpec *self)
{
  if (self->resources == NULL)
    self->resources = dms_resources_new_empty ();
  if (self->params == NULL)
    {
      self->params = json_object_new ();
      json_object_seal (self->params);
    }
  if (self->state_dir == NULL)
    self->state_dir = g_strdup ("");
}

/**
 * dms_execution_spec_get_job_id:
 * @self: a specification
 *
 * Returns: (transfer none): the allocation, `<ensemble ID>_<node>.<allocation>`; any UTF-8
 */
const char *
dms_execution_spec_get_job_id (DmsExecutionSpec *self)
{
  return self->job_id;
}

/**
 * dms_execution_spec_get_execution_id:
 * @self: a specification
 *
 * Returns: (transfer none): unique per launch of that allocation (a UUID): a restart makes a new one
 */
const char *
dms_execution_spec_get_execution_id (DmsExecutionSpec *self)
{
  return self->execution_id;
}

/**
 * dms_execution_spec_get_engine:
 * @self: a specification
 *
 * Returns: (transfer none): the executor type, such as `docker`
 */
const char *
dms_execution_spec_get_engine (DmsExecutionSpec *self)
{
  return self->engine;
}

/**
 * dms_execution_spec_get_params:
 * @self: a specification
 *
 * Returns: (transfer none): the `params` object of the job file's `execution`; immutable, never %NULL
 */
JsonObject *
dms_execution_spec_get_params (DmsExecutionSpec *self)
{
  return self->params;
}

/**
 * dms_execution_spec_get_resources:
 * @self: a specification
 *
 * Returns: (transfer none): the limits: cores, bytes of memory and disk, GPUs by index
 */
DmsResources *
dms_execution_spec_get_resources (DmsExecutionSpec *self)
{
  return self->resources;
}

/**
 * dms_execution_spec_get_pids_limit:
 * @self: a specification
 *
 * Returns: limit of processes and threads; 0 means the executor's default
 */
guint
dms_execution_spec_get_pids_limit (DmsExecutionSpec *self)
{
  return self->pids_limit;
}

/**
 * dms_execution_spec_get_volumes:
 * @self: a specification
 *
 * Returns: (transfer none) (element-type DmsVolume): mounts, all on this machine by now
 */
GPtrArray *
dms_execution_spec_get_volumes (DmsExecutionSpec *self)
{
  return self->volumes;
}

/**
 * dms_execution_spec_get_ports:
 * @self: a specification
 *
 * Returns: (transfer none) (element-type DmsPortMapping): ports that lead into the job
 */
GPtrArray *
dms_execution_spec_get_ports (DmsExecutionSpec *self)
{
  return self->ports;
}

/**
 * dms_execution_spec_get_scripts:
 * @self: a specification
 *
 * Returns: (transfer none) (element-type DmsScript): provision scripts in the order they must run, before the
 *   job itself; the first that fails fails the job
 */
GPtrArray *
dms_execution_spec_get_scripts (DmsExecutionSpec *self)
{
  return self->scripts;
}

/**
 * dms_execution_spec_get_keys:
 * @self: a specification
 *
 * Returns: (transfer none) (element-type DmsScript): key files to install: the name is the absolute
 *   destination, or `ssh:<user>` for a public key to append to that user's authorised keys
 */
GPtrArray *
dms_execution_spec_get_keys (DmsExecutionSpec *self)
{
  return self->keys;
}

/**
 * dms_execution_spec_get_state_dir:
 * @self: a specification
 *
 * Returns: (transfer none): directory (mode 0700, made by the daemon) of this execution's state and logs;
 * empty when none was given
 */
const char *
dms_execution_spec_get_state_dir (DmsExecutionSpec *self)
{
  return self->state_dir;
}

/**
 * dms_execution_spec_get_ip:
 * @self: a specification
 *
 * Returns: (transfer none) (nullable): address of the job in its private network; %NULL without one
 */
const char *
dms_execution_spec_get_ip (DmsExecutionSpec *self)
{
  return self->ip;
}

/**
 * dms_execution_spec_get_gateway_ip:
 * @self: a specification
 *
 * Returns: (transfer none) (nullable): gateway and resolver of that network
 */
const char *
dms_execution_spec_get_gateway_ip (DmsExecutionSpec *self)
{
  return self->gateway_ip;
}

/**
 * dms_execution_spec_get_allow_privileged:
 * @self: a specification
 *
 * Returns: whether this machine's policy lets the job have all privileges
 */
gboolean
dms_execution_spec_get_allow_privileged (DmsExecutionSpec *self)
{
  return self->allow_privileged;
}

/**
 * dms_execution_spec_get_lease_path:
 * @self: a specification
 *
 * A job of which only one may run anywhere runs only as long as this file says so. The file is one line: `1`,
 * the identifier of the boot, the lease's length in milliseconds, and twice the two times, in microseconds of
 * the clock that counts on while the machine sleeps (`CLOCK_BOOTTIME`), at which the job is asked to end and
 * at which it is killed. The daemon rewrites it; an executor looks at it when the time has come, also while
 * there is no daemon, and takes a file that it cannot read for a lease that is over. One that cannot do that
 * refuses such a specification when it is asked to validate it.
 *
 * Returns: (transfer none) (nullable): an absolute path; %NULL when the job may run without the daemon
 */
const char *
dms_execution_spec_get_lease_path (DmsExecutionSpec *self)
{
  return self->lease_path;
}

static void
dms_execution_spec_read_list (DmsValueReader *reader,
                              const char *member,
                              GPtrArray *list,
                              gpointer (*read) (JsonNode *node, GError **error))
{
  JsonArray *array = dms_value_reader_get_array (reader, member);
  guint n = array != NULL ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n && reader->error == NULL; i++)
    {
      gpointer item = read (json_array_get_element (array, i), &reader->error);

      if (item != NULL)
        g_ptr_array_add (list, item);
    }
}

/**
 * dms_execution_spec_new_from_json:
 * @node: (nullable): what dms_execution_spec_to_json() made
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the specification
 */
DmsExecutionSpec *
dms_execution_spec_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsExecutionSpec) self = dms_execution_spec_alloc ();
  JsonNode *resources = NULL;

  dms_value_reader_open (&reader, node, "execution specification");
  self->job_id = g_strdup (dms_value_reader_get_text (&reader, "job_id"));
  self->execution_id = g_strdup (dms_value_reader_get_text (&reader, "execution_id"));
  self->engine = g_strdup (dms_value_reader_get_text (&reader, "engine"));
  if (self->job_id == NULL || self->execution_id == NULL || self->engine == NULL)
    dms_value_reader_fail (&reader, "job_id, execution_id, engine", "must be texts that are not empty");
  self->params = dms_value_reader_copy_object (&reader, "params");
  resources = dms_value_reader_get_member (&reader, "resources");
  if (resources != NULL)
    self->resources = dms_resources_new_from_json (resources, &reader.error);
  self->pids_limit = dms_value_reader_get_uint (&reader, "pids_limit", G_MAXUINT);
  dms_execution_spec_read_list (&reader, "volumes", self->volumes, (gpointer) dms_volume_new_from_json);
  dms_execution_spec_read_list (&reader, "ports", self->ports, (gpointer) dms_port_mapping_new_from_json);
  dms_execution_spec_read_list (&reader, "scripts", self->scripts, (gpointer) dms_script_new_from_json);
  dms_execution_spec_read_list (&reader, "keys", self->keys, (gpointer) dms_script_new_from_json);
  self->state_dir = g_strdup (dms_value_reader_get_text (&reader, "state_dir"));
  self->ip = g_strdup (dms_value_reader_get_text (&reader, "ip"));
  self->gateway_ip = g_strdup (dms_value_reader_get_text (&reader, "gateway_ip"));
  self->allow_privileged = dms_value_reader_get_boolean (&reader, "allow_privileged");
  self->lease_path = g_strdup (dms_value_reader_get_text (&reader, "lease_path"));
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  dms_execution_spec_complete (self);
  return g_steal_pointer (&self);
}

static void
dms_execution_spec_write_list (JsonObject *object,
                               const char *member,
                               GPtrArray *list,
                               JsonNode *(*write) (gpointer item))
{
  JsonArray *array = NULL;

  if (list->len == 0)
    return;
  array = json_array_sized_new (list->len);
  for (guint i = 0; i < list->len; i++)
    json_array_add_element (array, write (g_ptr_array_index (list, i)));
  json_object_set_array_member (object, member, array);
}

/**
 * dms_execution_spec_to_json:
 * @self: a specification
 *
 * Returns: (transfer full): an object whose members are named after the getters
 */
JsonNode *
dms_execution_spec_to_json (DmsExecutionSpec *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "job_id", self->job_id);
  json_object_set_string_member (object, "execution_id", self->execution_id);
  json_object_set_string_member (object, "engine", self->engine);
  json_object_set_object_member (object, "params", json_object_ref (self->params));
  json_object_set_member (object, "resources", dms_resources_to_json (self->resources));
  dms_value_set_uint (object, "pids_limit", self->pids_limit);
  dms_execution_spec_write_list (object, "volumes", self->volumes, (gpointer) dms_volume_to_json);
  dms_execution_spec_write_list (object, "ports", self->ports, (gpointer) dms_port_mapping_to_json);
  dms_execution_spec_write_list (object, "scripts", self->scripts, (gpointer) dms_script_to_json);
  dms_execution_spec_write_list (object, "keys", self->keys, (gpointer) dms_script_to_json);
  dms_value_set_text (object, "state_dir", self->state_dir);
  dms_value_set_text (object, "ip", self->ip);
  dms_value_set_text (object, "gateway_ip", self->gateway_ip);
  dms_value_set_true (object, "allow_privileged", self->allow_privileged);
  dms_value_set_text (object, "lease_path", self->lease_path);
  return dms_value_take_object (object);
}

/**
 * dms_execution_spec_ref:
 * @self: a specification
 *
 * Returns: (transfer full): @self
 */
DmsExecutionSpec *
dms_execution_spec_ref (DmsExecutionSpec *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_execution_spec_clear (gpointer data)
{
  DmsExecutionSpec *self = data;

  g_free (self->job_id);
  g_free (self->execution_id);
  g_free (self->engine);
  g_clear_pointer (&self->params, json_object_unref);
  g_clear_pointer (&self->resources, dms_resources_unref);
  g_ptr_array_unref (self->volumes);
  g_ptr_array_unref (self->ports);
  g_ptr_array_unref (self->scripts);
  g_ptr_array_unref (self->keys);
  g_free (self->state_dir);
  g_free (self->ip);
  g_free (self->gateway_ip);
  g_free (self->lease_path);
}

/**
 * dms_execution_spec_unref:
 * @self: (transfer full): a specification
 *
 * Gives up a reference.
 */
void
dms_execution_spec_unref (DmsExecutionSpec *self)
{
  g_atomic_rc_box_release_full (self, dms_execution_spec_clear);
}

/**
 * dms_execution_spec_equal:
 * @a: a specification
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_execution_spec_equal (DmsExecutionSpec *a, DmsExecutionSpec *b)
{
  return g_strcmp0 (a->job_id, b->job_id) == 0
         && g_strcmp0 (a->execution_id, b->execution_id) == 0
         && g_strcmp0 (a->engine, b->engine) == 0
         && dms_value_object_equal (a->params, b->params)
         && dms_resources_equal (a->resources, b->resources)
         && a->pids_limit == b->pids_limit
         && dms_value_array_equal (a->volumes, b->volumes, (GEqualFunc) dms_volume_equal)
         && dms_value_array_equal (a->ports, b->ports, (GEqualFunc) dms_port_mapping_equal)
         && dms_value_array_equal (a->scripts, b->scripts, (GEqualFunc) dms_script_equal)
         && dms_value_array_equal (a->keys, b->keys, (GEqualFunc) dms_script_equal)
         && g_strcmp0 (a->state_dir, b->state_dir) == 0
         && g_strcmp0 (a->ip, b->ip) == 0
         && g_strcmp0 (a->gateway_ip, b->gateway_ip) == 0
         && a->allow_privileged == b->allow_privileged
         && g_strcmp0 (a->lease_path, b->lease_path) == 0;
}

/**
 * dms_execution_spec_builder_new:
 * @job_id: the allocation
 * @execution_id: unique per launch of that allocation
 * @engine: the executor type
 *
 * Returns: (transfer full): a builder of a specification that limits and asks nothing yet
 */
DmsExecutionSpecBuilder *
dms_execution_spec_builder_new (const char *job_id, const char *execution_id, const char *engine)
{
  DmsExecutionSpecBuilder *self = NULL;

  g_return_val_if_fail (job_id != NULL && execution_id != NULL && engine != NULL, NULL);

  self = g_atomic_rc_box_new0 (DmsExecutionSpecBuilder);
  self->spec = dms_execution_spec_alloc ();
  self->spec->job_id = g_strdup (job_id);
  self->spec->execution_id = g_strdup (execution_id);
  self->spec->engine = g_strdup (engine);
  return self;
}

/**
 * dms_execution_spec_builder_ref:
 * @self: a builder
 *
 * Returns: (transfer full): @self
 */
DmsExecutionSpecBuilder *
dms_execution_spec_builder_ref (DmsExecutionSpecBuilder *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_execution_spec_builder_clear (gpointer data)
{
  DmsExecutionSpecBuilder *self = data;

  g_clear_pointer (&self->spec, dms_execution_spec_unref);
}

/**
 * dms_execution_spec_builder_unref:
 * @self: (transfer full): a builder
 *
 * Gives up a reference.
 */
void
dms_execution_spec_builder_unref (DmsExecutionSpecBuilder *self)
{
  g_atomic_rc_box_release_full (self, dms_execution_spec_builder_clear);
}

/**
 * dms_execution_spec_builder_set_params:
 * @self: a builder
 * @params: (nullable): the engine's parameters; copied
 *
 * Sets the `params` object of the job file's `execution`. One nested deeper than 64 levels counts as empty.
 */
void
dms_execution_spec_builder_set_params (DmsExecutionSpecBuilder *self, JsonObject *params)
{
  g_return_if_fail (self != NULL && self->spec != NULL);

  g_clear_pointer (&self->spec->params, json_object_unref);
  self->spec->params = params != NULL ? dms_value_copy_object (params) : NULL;
}

/**
 * dms_execution_spec_builder_set_resources:
 * @self: a builder
 * @resources: the limits
 *
 * Sets the limits.
 */
void
dms_execution_spec_builder_set_resources (DmsExecutionSpecBuilder *self, DmsResources *resources)
{
  g_return_if_fail (self != NULL && self->spec != NULL && resources != NULL);

  dms_resources_ref (resources);
  g_clear_pointer (&self->spec->resources, dms_resources_unref);
  self->spec->resources = resources;
}

/**
 * dms_execution_spec_builder_set_pids_limit:
 * @self: a builder
 * @limit: limit of processes and threads; 0 for the executor's default
 *
 * Sets the limit of processes.
 */
void
dms_execution_spec_builder_set_pids_limit (DmsExecutionSpecBuilder *self, guint limit)
{
  g_return_if_fail (self != NULL && self->spec != NULL);

  self->spec->pids_limit = limit;
}

/**
 * dms_execution_spec_builder_add_volume:
 * @self: a builder
 * @volume: a mount
 *
 * Adds a mount.
 */
void
dms_execution_spec_builder_add_volume (DmsExecutionSpecBuilder *self, DmsVolume *volume)
{
  g_return_if_fail (self != NULL && self->spec != NULL && volume != NULL);

  g_ptr_array_add (self->spec->volumes, dms_volume_ref (volume));
}

/**
 * dms_execution_spec_builder_add_port:
 * @self: a builder
 * @port: a port mapping
 *
 * Adds a port that leads into the job.
 */
void
dms_execution_spec_builder_add_port (DmsExecutionSpecBuilder *self, DmsPortMapping *port)
{
  g_return_if_fail (self != NULL && self->spec != NULL && port != NULL);

  g_ptr_array_add (self->spec->ports, dms_port_mapping_ref (port));
}

/**
 * dms_execution_spec_builder_add_script:
 * @self: a builder
 * @script: a provision script
 *
 * Adds a script that runs before the job, after those added earlier.
 */
void
dms_execution_spec_builder_add_script (DmsExecutionSpecBuilder *self, DmsScript *script)
{
  g_return_if_fail (self != NULL && self->spec != NULL && script != NULL);

  g_ptr_array_add (self->spec->scripts, dms_script_ref (script));
}

/**
 * dms_execution_spec_builder_add_key:
 * @self: a builder
 * @key: a key file: the name is the absolute destination, or `ssh:<user>`
 *
 * Adds a key file to install.
 */
void
dms_execution_spec_builder_add_key (DmsExecutionSpecBuilder *self, DmsScript *key)
{
  g_return_if_fail (self != NULL && self->spec != NULL && key != NULL);

  g_ptr_array_add (self->spec->keys, dms_script_ref (key));
}

/**
 * dms_execution_spec_builder_set_state_dir:
 * @self: a builder
 * @path: a directory of mode 0700
 *
 * Sets where the execution keeps its state and logs.
 */
void
dms_execution_spec_builder_set_state_dir (DmsExecutionSpecBuilder *self, const char *path)
{
  g_return_if_fail (self != NULL && self->spec != NULL && path != NULL);

  g_free (self->spec->state_dir);
  self->spec->state_dir = g_strdup (path);
}

/**
 * dms_execution_spec_builder_set_network:
 * @self: a builder
 * @ip: (nullable): address of the job in its private network
 * @gateway_ip: (nullable): gateway and resolver of that network
 *
 * Puts the job into a private network.
 */
void
dms_execution_spec_builder_set_network (DmsExecutionSpecBuilder *self, const char *ip, const char *gateway_ip)
{
  g_return_if_fail (self != NULL && self->spec != NULL);

  g_free (self->spec->ip);
  self->spec->ip = g_strdup (ip);
  g_free (self->spec->gateway_ip);
  self->spec->gateway_ip = g_strdup (gateway_ip);
}

/**
 * dms_execution_spec_builder_set_allow_privileged:
 * @self: a builder
 * @allow: whether the job may have all privileges
 *
 * Says what this machine's policy allows.
 */
void
dms_execution_spec_builder_set_allow_privileged (DmsExecutionSpecBuilder *self, gboolean allow)
{
  g_return_if_fail (self != NULL && self->spec != NULL);

  self->spec->allow_privileged = allow != FALSE;
}

/**
 * dms_execution_spec_builder_set_lease_path:
 * @self: a builder
 * @path: (nullable): an absolute path
 *
 * Lets the job run only as long as this file says so; see dms_execution_spec_get_lease_path().
 */
void
dms_execution_spec_builder_set_lease_path (DmsExecutionSpecBuilder *self, const char *path)
{
  g_return_if_fail (self != NULL && self->spec != NULL);

  g_free (self->spec->lease_path);
  self->spec->lease_path = g_strdup (path);
}

/**
 * dms_execution_spec_builder_end:
 * @self: a builder
 *
 * Makes the specification. The builder is empty afterwards and takes nothing more.
 *
 * Returns: (transfer full): the specification
 */
DmsExecutionSpec *
dms_execution_spec_builder_end (DmsExecutionSpecBuilder *self)
{
  g_return_val_if_fail (self != NULL && self->spec != NULL, NULL);

  dms_execution_spec_complete (self->spec);
  return g_steal_pointer (&self->spec);
}

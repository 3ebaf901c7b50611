/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "plugins/dms-plugin-manager.h"

#include <gmodule.h>
#include <libpeas/peas.h>
#include <string.h>

enum
{
  DMS_PLUGIN_MANAGER_MAX_FILES = 1024,
};

/* Finds plugins, checks them, loads those that fit into this process, and says what became of each. Where a
 * plugin runs does not show in this interface. Lives in the main context that made it. */
struct _DmsPluginManager
{
  GObject parent_instance;

  GStrv directories;
  GStrv disabled;
  /* The modules in use. Types of a module stay for good, so those that registered some are never given up. */
  GPtrArray *modules;
  GPtrArray *infos;
  GHashTable *by_id;
  /* Contract name → (id → instance). */
  GHashTable *extensions;
  gboolean loaded;
};

G_DEFINE_FINAL_TYPE (DmsPluginManager, dms_plugin_manager, G_TYPE_OBJECT)

typedef struct
{
  const char *name;
  GType (*get_type) (void);
  const char *(*get_id) (gpointer extension);
} DmsPluginContract;

static const DmsPluginContract dms_plugin_contracts[] = {
  { "executor", dms_executor_get_type, (gpointer) dms_executor_get_id },
  { "storage", dms_storage_get_type, (gpointer) dms_storage_get_scheme },
  { "billing", dms_billing_get_type, (gpointer) dms_billing_get_model },
  { "payment", dms_payment_get_type, (gpointer) dms_payment_get_id },
  { "benchmark", dms_benchmark_get_type, (gpointer) dms_benchmark_get_id },
  { "transport", dms_transport_get_type, (gpointer) dms_transport_get_id },
};

static void
dms_plugin_manager_release_module (gpointer data)
{
  GTypeModule *module = data;

  if (module->type_infos != NULL || module->interface_infos != NULL)
    return;
  g_type_module_unuse (module);
  g_object_unref (module);
}

static void
dms_plugin_manager_finalize (GObject *object)
{
  DmsPluginManager *self = DMS_PLUGIN_MANAGER (object);

  /* Instances go before the modules that made them. */
  g_clear_pointer (&self->extensions, g_hash_table_unref);
  g_clear_pointer (&self->modules, g_ptr_array_unref);
  g_clear_pointer (&self->by_id, g_hash_table_unref);
  g_clear_pointer (&self->infos, g_ptr_array_unref);
  g_clear_pointer (&self->directories, g_strfreev);
  g_clear_pointer (&self->disabled, g_strfreev);

  G_OBJECT_CLASS (dms_plugin_manager_parent_class)->finalize (object);
}

static void
dms_plugin_manager_class_init (DmsPluginManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dms_plugin_manager_finalize;
}

static void
dms_plugin_manager_init (DmsPluginManager *self)
{
  self->modules = g_ptr_array_new_with_free_func (dms_plugin_manager_release_module);
  self->infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_plugin_info_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->extensions =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_hash_table_unref);
  for (gsize i = 0; i < G_N_ELEMENTS (dms_plugin_contracts); i++)
    g_hash_table_insert (self->extensions, (gpointer) dms_plugin_contracts[i].name,
                         g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref));
}

/**
 * dms_plugin_manager_new:
 * @directories: (nullable) (array zero-terminated=1): where to search, first the strongest; %NULL for
 *   dms_plugin_manager_dup_default_directories()
 * @disabled: (nullable) (array zero-terminated=1): ids of plugins that must not be loaded
 *
 * Makes a manager. Nothing is searched or loaded yet.
 *
 * Returns: (transfer full): the manager
 */
DmsPluginManager *
dms_plugin_manager_new (const char *const *directories, const char *const *disabled)
{
  DmsPluginManager *self = g_object_new (DMS_TYPE_PLUGIN_MANAGER, NULL);

  self->directories = directories != NULL ? g_strdupv ((GStrv) directories)
                                          : dms_plugin_manager_dup_default_directories ();
  self->disabled = disabled != NULL ? g_strdupv ((GStrv) disabled) : g_new0 (char *, 1);
  return self;
}

/**
 * dms_plugin_manager_new_for_config:
 * @config: the configuration
 *
 * Makes a manager that searches `plugins.paths`, then the default folders, and leaves out `plugins.disabled`.
 *
 * Returns: (transfer full): the manager
 */
DmsPluginManager *
dms_plugin_manager_new_for_config (DmsConfig *config)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) defaults = dms_plugin_manager_dup_default_directories ();
  g_auto (GStrv) directories = NULL;

  g_return_val_if_fail (DMS_IS_CONFIG (config), NULL);

  g_strv_builder_addv (builder, (const char **) dms_config_get_strv (config, "plugins.paths"));
  g_strv_builder_addv (builder, (const char **) defaults);
  directories = g_strv_builder_end (builder);
  return dms_plugin_manager_new ((const char *const *) directories,
                                 dms_config_get_strv (config, "plugins.disabled"));
}

/**
 * dms_plugin_manager_dup_default_directories:
 *
 * Where plugins are searched: the folders of `DMS_PLUGIN_PATH` (separated by colons), the system's, the
 * user's.
 *
 * Returns: (transfer full): the folders, the strongest first
 */
GStrv
dms_plugin_manager_dup_default_directories (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *path = g_getenv ("DMS_PLUGIN_PATH");
  g_auto (GStrv) parts = g_strsplit (path != NULL ? path : "", ":", -1);
  g_autofree char *user = g_build_filename (g_get_user_data_dir (), "dms-1", "plugins", NULL);

  for (guint i = 0; parts[i] != NULL; i++)
    if (parts[i][0] != '\0')
      g_strv_builder_add (builder, parts[i]);
  g_strv_builder_add (builder, DMS_PLUGIN_DIR);
  g_strv_builder_add (builder, user);
  return g_strv_builder_end (builder);
}

static gint
dms_plugin_manager_compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Collects the plugin files of a folder and of its folders, in the order of their names. */
static void
dms_plugin_manager_collect (const char *directory, gboolean descend, GPtrArray *files)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (directory, name, NULL));
  g_ptr_array_sort (paths, dms_plugin_manager_compare_paths);

  for (guint i = 0; i < paths->len && files->len < DMS_PLUGIN_MANAGER_MAX_FILES; i++)
    {
      const char *path = g_ptr_array_index (paths, i);

      if (g_str_has_suffix (path, ".plugin") && g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (files, g_strdup (path));
      else if (descend && g_file_test (path, G_FILE_TEST_IS_DIR))
        dms_plugin_manager_collect (path, FALSE, files);
    }
}

static void
dms_plugin_manager_add (DmsPluginManager *self,
                        DmsPluginInfo *info,
                        DmsPluginStatus status,
                        const char *reason,
                        GPtrArray *contracts)
{
  DmsPluginInfo *result = NULL;
  const char *const *names = contracts != NULL ? (const char *const *) contracts->pdata : NULL;

  result = dms_plugin_info_with_status (info, status, reason, names);
  g_ptr_array_add (self->infos, result);
  /* A second plugin of the same name is listed, but not found by its id. */
  if (!g_hash_table_contains (self->by_id, dms_plugin_info_get_id (result)))
    g_hash_table_insert (self->by_id, (gpointer) dms_plugin_info_get_id (result), result);
  if (status == DMS_PLUGIN_LOADED)
    g_debug (
        "plugin %s is loaded from %s", dms_plugin_info_get_id (result), dms_plugin_info_get_path (result));
  else
    g_info ("plugin %s (%s) is not loaded: %s: %s", dms_plugin_info_get_id (result),
            dms_plugin_info_get_path (result), dms_plugin_status_to_string (status),
            reason != NULL ? reason : "");
}

static char *
dms_plugin_manager_build_module_path (DmsPluginInfo *info)
{
  g_autofree char *directory = g_path_get_dirname (dms_plugin_info_get_path (info));
  g_autofree char *file = g_strdup_printf ("lib%s." G_MODULE_SUFFIX, dms_plugin_info_get_id (info));

  return g_build_filename (directory, file, NULL);
}

/* Opens the module by hand first: libpeas keeps the reason of a failure to itself. Returns what is wrong. */
static char *
dms_plugin_manager_try_module (const char *path)
{
  GModule *module = NULL;
  gpointer symbol = NULL;
  gboolean found = FALSE;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return g_strdup_printf ("%s does not exist", path);
  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (module == NULL)
    return g_strdup (g_module_error ());
  found = g_module_symbol (module, "peas_register_types", &symbol) && symbol != NULL;
  if (found)
    g_module_make_resident (module);
  g_module_close (module);
  return found ? NULL : g_strdup_printf ("%s has no function peas_register_types", path);
}

/* Makes the instance of a contract. Returns what is wrong with it. */
static char *
dms_plugin_manager_extend (DmsPluginManager *self,
                           PeasObjectModule *module,
                           const DmsPluginContract *contract,
                           GObject **extension)
{
  GHashTable *table = g_hash_table_lookup (self->extensions, contract->name);
  const char *id = NULL;

  *extension = peas_object_module_create_object (module, contract->get_type (), 0, NULL);
  if (*extension == NULL)
    return g_strdup_printf ("its %s cannot be made", contract->name);
  id = contract->get_id (*extension);
  if (id == NULL || id[0] == '\0')
    return g_strdup_printf ("its %s has no id", contract->name);
  if (g_hash_table_contains (table, id))
    return g_strdup_printf ("another plugin already provides the %s “%s”", contract->name, id);
  return NULL;
}

/* Makes every instance of a module, all or none. Returns what is wrong with it. */
static char *
dms_plugin_manager_extend_all (DmsPluginManager *self, PeasObjectModule *module, GPtrArray *contracts)
{
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) indexes = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (dms_plugin_contracts); i++)
    {
      GObject *extension = NULL;
      g_autofree char *fault = NULL;

      if (!peas_object_module_provides_object (module, dms_plugin_contracts[i].get_type ()))
        continue;
      fault = dms_plugin_manager_extend (self, module, &dms_plugin_contracts[i], &extension);
      if (extension != NULL)
        g_ptr_array_add (made, extension);
      if (fault != NULL)
        return g_steal_pointer (&fault);
      g_ptr_array_add (indexes, GSIZE_TO_POINTER (i));
    }
  if (made->len == 0)
    return g_strdup ("it implements no contract of this program");

  for (guint i = 0; i < made->len; i++)
    {
      gsize index = GPOINTER_TO_SIZE (g_ptr_array_index (indexes, i));
      const DmsPluginContract *contract = &dms_plugin_contracts[index];
      GObject *extension = g_ptr_array_index (made, i);

      g_hash_table_insert (g_hash_table_lookup (self->extensions, contract->name),
                           g_strdup (contract->get_id (extension)), g_object_ref (extension));
      g_ptr_array_add (contracts, (gpointer) contract->name);
    }
  return NULL;
}

/* A PeasEngine would search the folders again, in an order of its own; its modules alone do what is needed.
 */
static void
dms_plugin_manager_load_module (DmsPluginManager *self, DmsPluginInfo *info)
{
  g_autofree char *directory = g_path_get_dirname (dms_plugin_info_get_path (info));
  g_autofree char *path = dms_plugin_manager_build_module_path (info);
  g_autofree char *fault = dms_plugin_manager_try_module (path);
  g_autoptr (GPtrArray) contracts = g_ptr_array_new ();
  PeasObjectModule *module = NULL;

  if (fault == NULL)
    {
      module = peas_object_module_new (dms_plugin_info_get_id (info), directory, TRUE);
      if (g_type_module_use (G_TYPE_MODULE (module)))
        g_ptr_array_add (self->modules, module);
      else
        fault = g_strdup ("libpeas refuses it");
    }
  if (fault == NULL)
    fault = dms_plugin_manager_extend_all (self, module, contracts);
  if (fault != NULL)
    {
      dms_plugin_manager_add (self, info, DMS_PLUGIN_FAILED, fault, NULL);
      return;
    }
  g_ptr_array_add (contracts, NULL);
  dms_plugin_manager_add (self, info, DMS_PLUGIN_LOADED, NULL, contracts);
}

static void
dms_plugin_manager_load (DmsPluginManager *self, const char *path)
{
  g_autoptr (DmsPluginInfo) info = dms_plugin_info_new_from_file (path);
  DmsPluginInfo *other = g_hash_table_lookup (self->by_id, dms_plugin_info_get_id (info));
  const char *abi = dms_plugin_info_get_abi (info);
  const char *loader = dms_plugin_info_get_loader (info);
  g_autofree char *own_abi = g_strdup_printf ("%d", DMS_ABI_VERSION);
  g_autofree char *reason = NULL;

  if (other != NULL)
    {
      reason = g_strdup_printf ("%s comes first", dms_plugin_info_get_path (other));
      dms_plugin_manager_add (self, info, DMS_PLUGIN_DUPLICATE, reason, NULL);
    }
  else if (dms_plugin_info_get_status (info) == DMS_PLUGIN_FAILED)
    dms_plugin_manager_add (self, info, DMS_PLUGIN_FAILED, dms_plugin_info_get_reason (info), NULL);
  else if (g_strv_contains ((const char *const *) self->disabled, dms_plugin_info_get_id (info)))
    dms_plugin_manager_add (self, info, DMS_PLUGIN_DISABLED, "it is disabled by the configuration", NULL);
  else if (g_strcmp0 (abi, own_abi) != 0)
    {
      reason =
          abi != NULL
              ? g_strdup_printf (
                    "it was built for version %s of the contracts, this program has %s", abi, own_abi)
              : g_strdup_printf ("it does not say for which contracts it was built: X-Dms-Abi=%s is missing",
                                 own_abi);
      dms_plugin_manager_add (self, info, DMS_PLUGIN_INCOMPATIBLE, reason, NULL);
    }
  else if (loader != NULL && g_ascii_strcasecmp (loader, "c") != 0)
    {
      reason = g_strdup_printf ("plugins of the kind “%s” cannot be loaded by this program", loader);
      dms_plugin_manager_add (self, info, DMS_PLUGIN_INCOMPATIBLE, reason, NULL);
    }
  else
    dms_plugin_manager_load_module (self, info);
}

/**
 * dms_plugin_manager_load_all:
 * @self: a manager
 *
 * Searches the folders and loads every plugin that fits. What became of each shows dms_plugin_manager_list().
 * A second call does nothing.
 */
void
dms_plugin_manager_load_all (DmsPluginManager *self)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);

  g_return_if_fail (DMS_IS_PLUGIN_MANAGER (self));

  if (self->loaded)
    return;
  self->loaded = TRUE;
  for (guint i = 0; self->directories[i] != NULL; i++)
    dms_plugin_manager_collect (self->directories[i], TRUE, files);
  for (guint i = 0; i < files->len; i++)
    dms_plugin_manager_load (self, g_ptr_array_index (files, i));
}

static gint
dms_plugin_manager_compare_infos (gconstpointer a, gconstpointer b)
{
  return strcmp (dms_plugin_info_get_id (*(DmsPluginInfo *const *) a),
                 dms_plugin_info_get_id (*(DmsPluginInfo *const *) b));
}

/**
 * dms_plugin_manager_list:
 * @self: a manager
 *
 * Returns: (transfer full) (element-type DmsPluginInfo): everything that was found, by id
 */
GPtrArray *
dms_plugin_manager_list (DmsPluginManager *self)
{
  GPtrArray *infos = NULL;

  g_return_val_if_fail (DMS_IS_PLUGIN_MANAGER (self), NULL);

  infos = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_plugin_info_unref);
  for (guint i = 0; i < self->infos->len; i++)
    g_ptr_array_add (infos, dms_plugin_info_ref (g_ptr_array_index (self->infos, i)));
  g_ptr_array_sort (infos, dms_plugin_manager_compare_infos);
  return infos;
}

/**
 * dms_plugin_manager_lookup:
 * @self: a manager
 * @id: a plugin's id
 *
 * Returns: (transfer none) (nullable): the plugin that was found under that id first
 */
DmsPluginInfo *
dms_plugin_manager_lookup (DmsPluginManager *self, const char *id)
{
  g_return_val_if_fail (DMS_IS_PLUGIN_MANAGER (self) && id != NULL, NULL);

  return g_hash_table_lookup (self->by_id, id);
}

static gpointer
dms_plugin_manager_get (DmsPluginManager *self, const char *contract, const char *id)
{
  g_return_val_if_fail (DMS_IS_PLUGIN_MANAGER (self) && id != NULL, NULL);

  return g_hash_table_lookup (g_hash_table_lookup (self->extensions, contract), id);
}

/**
 * dms_plugin_manager_get_executor:
 * @self: a manager
 * @id: an executor type, such as `docker`
 *
 * Returns: (transfer none) (nullable): the executor
 */
DmsExecutor *
dms_plugin_manager_get_executor (DmsPluginManager *self, const char *id)
{
  return dms_plugin_manager_get (self, "executor", id);
}

/**
 * dms_plugin_manager_get_storage:
 * @self: a manager
 * @scheme: a scheme, such as `s3`
 *
 * Returns: (transfer none) (nullable): the storage
 */
DmsStorage *
dms_plugin_manager_get_storage (DmsPluginManager *self, const char *scheme)
{
  return dms_plugin_manager_get (self, "storage", scheme);
}

/**
 * dms_plugin_manager_get_billing:
 * @self: a manager
 * @model: a payment model, such as `fixed_rental`
 *
 * Returns: (transfer none) (nullable): the billing
 */
DmsBilling *
dms_plugin_manager_get_billing (DmsPluginManager *self, const char *model)
{
  return dms_plugin_manager_get (self, "billing", model);
}

/**
 * dms_plugin_manager_get_payment:
 * @self: a manager
 * @id: a way to pay, such as `ETHEREUM`
 *
 * Returns: (transfer none) (nullable): the payment
 */
DmsPayment *
dms_plugin_manager_get_payment (DmsPluginManager *self, const char *id)
{
  return dms_plugin_manager_get (self, "payment", id);
}

/**
 * dms_plugin_manager_get_benchmark:
 * @self: a manager
 * @id: a benchmark's id
 *
 * Returns: (transfer none) (nullable): the benchmark
 */
DmsBenchmark *
dms_plugin_manager_get_benchmark (DmsPluginManager *self, const char *id)
{
  return dms_plugin_manager_get (self, "benchmark", id);
}

/**
 * dms_plugin_manager_get_transport:
 * @self: a manager
 * @id: a kind of transport, such as `memory`
 *
 * Returns: (transfer none) (nullable): the transport
 */
DmsTransport *
dms_plugin_manager_get_transport (DmsPluginManager *self, const char *id)
{
  return dms_plugin_manager_get (self, "transport", id);
}

static gint
dms_plugin_manager_compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

/**
 * dms_plugin_manager_list_extensions:
 * @self: a manager
 * @contract: the type of a contract, such as %DMS_TYPE_EXECUTOR
 *
 * Returns: (transfer full) (element-type GObject): all instances of that contract, by id; empty when there is
 * no such contract
 */
GPtrArray *
dms_plugin_manager_list_extensions (DmsPluginManager *self, GType contract)
{
  GPtrArray *list = NULL;

  g_return_val_if_fail (DMS_IS_PLUGIN_MANAGER (self), NULL);

  list = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; i < G_N_ELEMENTS (dms_plugin_contracts); i++)
    {
      GHashTable *table = g_hash_table_lookup (self->extensions, dms_plugin_contracts[i].name);
      g_autoptr (GList) keys = NULL;

      if (dms_plugin_contracts[i].get_type () != contract)
        continue;
      keys = g_list_sort (g_hash_table_get_keys (table), dms_plugin_manager_compare_keys);
      for (GList *link = keys; link != NULL; link = link->next)
        g_ptr_array_add (list, g_object_ref (g_hash_table_lookup (table, link->data)));
    }
  return list;
}

/**
 * dms_plugin_manager_list_executors:
 * @self: a manager
 *
 * Returns: (transfer full) (element-type DmsExecutor): all executors, by id
 */
GPtrArray *
dms_plugin_manager_list_executors (DmsPluginManager *self)
{
  return dms_plugin_manager_list_extensions (self, DMS_TYPE_EXECUTOR);
}

/**
 * dms_plugin_manager_set_executor_error:
 * @self: a manager
 * @id: an executor type that there is none of
 * @error: return location for %DMS_ERROR_UNAVAILABLE
 *
 * Says why there is no such executor, from the status of the plugin that would bring it.
 */
void
dms_plugin_manager_set_executor_error (DmsPluginManager *self, const char *id, GError **error)
{
  g_autofree char *plugin = g_strconcat ("executor-", id, NULL);
  DmsPluginInfo *info = NULL;

  g_return_if_fail (DMS_IS_PLUGIN_MANAGER (self) && id != NULL);

  info = dms_plugin_manager_lookup (self, plugin);
  if (info != NULL && dms_plugin_info_get_status (info) != DMS_PLUGIN_LOADED)
    g_set_error (error,
                 DMS_ERROR,
                 DMS_ERROR_UNAVAILABLE,
                 "there is no executor “%s”: plugin %s: %s: %s",
                 id,
                 plugin,
                 dms_plugin_status_to_string (dms_plugin_info_get_status (info)),
                 dms_plugin_info_get_reason (info));
  else
    g_set_error (
        error,
        DMS_ERROR,
        DMS_ERROR_UNAVAILABLE,
        "there is no executor “%s”: install a plugin that brings it; “nunet plugin list” shows those there",
        id);
}

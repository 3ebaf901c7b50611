/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-kubernetes-private.h"

#include "importers/dms-import-text.h"

#include <string.h>

/* What a container of a pod mounts. */

typedef struct
{
  DmsImportPod *pod;
  DmsImportReader *mount;
  DmsImportJob *job;
  const char *destination;
  /* (nullable) */
  const char *sub_path;
  gboolean read_only;
} Mount;

static const char *
text_of (DmsJobNode *map, const char *key)
{
  DmsJobNode *node = dms_job_node_get (map, key);

  return node == NULL ? NULL : dms_job_node_get_text (node);
}

static DmsJobNode *
find_named (DmsJobNode *list, const char *name)
{
  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (list, i);

      if (g_strcmp0 (text_of (item, "name"), name) == 0)
        return item;
    }
  return NULL;
}

static void
tell (Mount *self, DmsImportFate fate, const char *text)
{
  dms_import_reader_note (self->mount, NULL, fate, "%s", text);
}

static void
add_volume (Mount *self, const char *source, DmsImportFate fate, const char *text)
{
  if (self->sub_path != NULL)
    {
      tell (self, DMS_IMPORT_IMPOSSIBLE, "a part of a volume cannot be mounted: use a volume for it alone");
      return;
    }
  if (!dms_import_job_add_volume (self->job, source, self->destination, self->read_only))
    tell (self, DMS_IMPORT_IMPOSSIBLE, "cannot be mounted there, or is one too many");
  else if (text != NULL)
    tell (self, fate, text);
}

/* A file of a ConfigMap or Secret. Whether it could be put there. */
static gboolean
add_file (Mount *self, DmsJobNode *object, gboolean secret, const char *key, const char *name)
{
  g_autofree char *content = dms_import_kubernetes_dup_value (object, secret, key);
  g_autofree char *path = NULL;

  if (content == NULL)
    return FALSE;
  if (self->sub_path != NULL && strcmp (self->sub_path, name) != 0)
    return TRUE;
  path = self->sub_path != NULL ? g_strdup (self->destination)
                                : g_build_filename (self->destination, name, NULL);
  return dms_import_job_add_file (self->job, path, content, FALSE);
}

static void
add_object (Mount *self, DmsJobNode *source, gboolean secret)
{
  const char *name = text_of (source, secret ? "secretName" : "name");
  DmsImportCluster *cluster = self->pod->cluster;
  DmsJobNode *object;
  DmsJobNode *items = dms_job_node_get (source, "items");
  gboolean all = TRUE;

  if (name == NULL)
    name = text_of (source, "name");
  object = dms_import_kubernetes_find (self->pod, secret ? cluster->secrets : cluster->config_maps, name);
  if (object == NULL)
    {
      gboolean optional = g_strcmp0 (text_of (source, "optional"), "true") == 0;

      tell (self,
            optional ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_IMPOSSIBLE,
            optional ? "it need not be there, and is not"
                     : "it is not among the imported files; import it with them");
      return;
    }
  if (items != NULL && dms_job_node_get_kind (items) == DMS_JOB_NODE_LIST)
    {
      for (guint i = 0; i < dms_job_node_get_n_items (items); i++)
        {
          const char *key = text_of (dms_job_node_get_item (items, i), "key");
          const char *path = text_of (dms_job_node_get_item (items, i), "path");

          all = key != NULL && add_file (self, object, secret, key, path != NULL ? path : key) && all;
        }
    }
  else
    {
      g_auto (GStrv) keys = dms_import_kubernetes_dup_keys (object, secret);

      for (guint i = 0; keys[i] != NULL; i++)
        all = add_file (self, object, secret, keys[i], keys[i]) && all;
    }
  if (!all)
    tell (self,
          DMS_IMPORT_IMPOSSIBLE,
          "some of its files are empty, no text, cannot be put there, or too many");
  else
    tell (self,
          DMS_IMPORT_APPROXIMATED,
          secret
              ? "copies that only the job's user may read; the values stand in the job file: keep that secret"
              : "copies that only the job's user may read, and that do not change while it runs");
}

static void
add_projected (Mount *self, DmsJobNode *source)
{
  DmsJobNode *sources = dms_job_node_get (source, "sources");

  for (guint i = 0; sources != NULL && i < dms_job_node_get_n_items (sources); i++)
    {
      DmsJobNode *item = dms_job_node_get_item (sources, i);

      if (dms_job_node_get (item, "configMap") != NULL)
        add_object (self, dms_job_node_get (item, "configMap"), FALSE);
      else if (dms_job_node_get (item, "secret") != NULL)
        add_object (self, dms_job_node_get (item, "secret"), TRUE);
      else
        tell (self, DMS_IMPORT_IMPOSSIBLE, "only ConfigMaps and Secrets can be projected");
    }
}

static void
add_claim (Mount *self, const char *claim)
{
  DmsJobNode *object = dms_import_kubernetes_find (self->pod, self->pod->cluster->claims, claim);
  DmsJobNode *requests =
      dms_job_node_get (dms_job_node_get (dms_job_node_get (object, "spec"), "resources"), "requests");
  const char *storage = text_of (requests, "storage");
  g_autofree char *volume = dms_import_text_to_volume (claim);
  double size;

  if (storage != NULL && dms_import_text_parse_quantity (storage, &size) && size > 0 && size < 4e18)
    self->job->disk = MAX (self->job->disk, DMS_IMPORT_DEFAULT_DISK) + (guint64) size;
  add_volume (self,
              volume,
              object != NULL ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_APPROXIMATED,
              object != NULL
                  ? NULL
                  : "its claim is not among the imported files: say under resources.disk how much it needs");
}

/* A stateful pod has a volume of its own for each claim. */
static void
add_own_claim (Mount *self, DmsJobNode *template, const char *name)
{
  DmsJobNode *requests =
      dms_job_node_get (dms_job_node_get (dms_job_node_get (template, "spec"), "resources"), "requests");
  const char *storage = text_of (requests, "storage");
  g_autofree char *wanted = g_strdup_printf ("%s-%s-%u", name, self->pod->workload, self->pod->ordinal);
  g_autofree char *volume = dms_import_text_to_volume (wanted);
  double size;

  if (storage != NULL && dms_import_text_parse_quantity (storage, &size) && size > 0 && size < 4e18)
    self->job->disk = MAX (self->job->disk, DMS_IMPORT_DEFAULT_DISK) + (guint64) size;
  add_volume (self, volume, DMS_IMPORT_TRANSLATED, NULL);
}

static void
add_described (Mount *self, DmsJobNode *volume, const char *name)
{
  DmsJobNode *source;

  if ((source = dms_job_node_get (volume, "configMap")) != NULL)
    add_object (self, source, FALSE);
  else if ((source = dms_job_node_get (volume, "secret")) != NULL)
    add_object (self, source, TRUE);
  else if ((source = dms_job_node_get (volume, "projected")) != NULL)
    add_projected (self, source);
  else if (dms_job_node_get (volume, "emptyDir") != NULL)
    {
      g_autofree char *wanted = g_strdup_printf ("%s-%s", self->pod->node->name, name);
      g_autofree char *own = dms_import_text_to_volume (wanted);

      add_volume (self,
                  own,
                  DMS_IMPORT_APPROXIMATED,
                  "a volume with a name, which is on disk and outlives the deployment");
    }
  else if ((source = dms_job_node_get (volume, "persistentVolumeClaim")) != NULL &&
           text_of (source, "claimName") != NULL)
    {
      self->read_only = self->read_only || g_strcmp0 (text_of (source, "readOnly"), "true") == 0;
      add_claim (self, text_of (source, "claimName"));
    }
  else if ((source = dms_job_node_get (volume, "hostPath")) != NULL && text_of (source, "path") != NULL &&
           g_path_is_absolute (text_of (source, "path")))
    {
      g_autofree char *path = g_canonicalize_filename (text_of (source, "path"), NULL);

      if (strcmp (path, "/") == 0 || strstr (path, ".sock") != NULL)
        tell (self, DMS_IMPORT_IMPOSSIBLE, "a job gets neither the machine's root nor its engine");
      else
        add_volume (self, path, DMS_IMPORT_APPROXIMATED, DMS_IMPORT_BIND_REMARK);
    }
  else
    tell (self,
          DMS_IMPORT_IMPOSSIBLE,
          "volumes of this kind are not known: use a local volume, or one of GlusterFS, which machines can "
          "share");
}

static void
add_mount (DmsImportPod *pod, DmsImportReader *mount, DmsImportJob *job)
{
  DmsJobNode *volumes = dms_job_node_get (dms_import_reader_get_node (pod->spec), "volumes");
  g_autofree char *name = dms_import_reader_dup_text (mount, "name");
  g_autofree char *destination = dms_import_reader_dup_text (mount, "mountPath");
  g_autofree char *sub_path = dms_import_reader_dup_text (mount, "subPath");
  Mount self = { pod, mount, job, destination, sub_path, FALSE };
  DmsJobNode *described = NULL;

  self.read_only = dms_import_reader_get_bool (mount, "readOnly", FALSE);
  if (dms_import_reader_get (mount, "subPathExpr") != NULL)
    dms_import_reader_note (mount, "subPathExpr", DMS_IMPORT_IMPOSSIBLE, "write out what it stands for");
  if (dms_import_reader_get (mount, "mountPropagation") != NULL)
    dms_import_reader_note (mount, "mountPropagation", DMS_IMPORT_IMPOSSIBLE, "mounts are a container's own");
  if (name == NULL || destination == NULL || !g_path_is_absolute (destination))
    {
      tell (&self, DMS_IMPORT_IMPOSSIBLE, "needs a name and an absolute mountPath");
      return;
    }
  if (volumes != NULL && dms_job_node_get_kind (volumes) == DMS_JOB_NODE_LIST)
    described = find_named (volumes, name);
  if (described != NULL)
    {
      add_described (&self, described, name);
      return;
    }
  for (guint i = 0; pod->claim_templates != NULL && i < dms_job_node_get_n_items (pod->claim_templates); i++)
    {
      DmsJobNode *template = dms_job_node_get_item (pod->claim_templates, i);

      if (g_strcmp0 (text_of (dms_job_node_get (template, "metadata"), "name"), name) == 0)
        {
          add_own_claim (&self, template, name);
          return;
        }
    }
  tell (&self, DMS_IMPORT_IMPOSSIBLE, "the pod has no volume of this name");
}

void
dms_import_kubernetes_add_volumes (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job)
{
  DmsJobNode *list = dms_import_reader_get_list (container, "volumeMounts");

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      g_autoptr (DmsImportReader) mount =
          dms_import_reader_open_item (container, "volumeMounts", dms_job_node_get_item (list, i), suffix);

      if (mount == NULL)
        continue;
      add_mount (pod, mount, job);
      dms_import_reader_finish (mount);
    }
}

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-kubernetes-private.h"

#include "importers/dms-import-text.h"

#include <math.h>
#include <string.h>

/* One container of a pod but for its volumes and ports. */

enum
{
  MAX_GPUS = 64,
  /* Of memory or disk: less is a slip of the pen. */
  LEAST_BYTES = 1024,
  MAX_EXPANDED_BYTES = 1024 * 1024,
  /* Of a variable; so far its end is looked for. */
  MAX_NAME_BYTES = 256,
};

static const char *
text_of (DmsJobNode *map, const char *key)
{
  DmsJobNode *node = dms_job_node_get (map, key);

  return node == NULL || dms_job_node_get_kind (node) == DMS_JOB_NODE_NULL ? NULL
                                                                           : dms_job_node_get_text (node);
}

char *
dms_import_kubernetes_dup_value (DmsJobNode *object, gboolean secret, const char *key)
{
  const char *text = text_of (dms_job_node_get (object, secret ? "stringData" : "data"), key);
  g_autofree char *decoded = NULL;
  gsize size = 0;

  if (text != NULL || !secret)
    return g_strdup (text);
  text = text_of (dms_job_node_get (object, "data"), key);
  if (text == NULL)
    return NULL;
  /* The decoder adds no end to what it returns. */
  decoded = (char *) g_base64_decode (text, &size);
  if (decoded == NULL || memchr (decoded, '\0', size) != NULL ||
      !g_utf8_validate (decoded, (gssize) size, NULL))
    return NULL;
  return g_strndup (decoded, size);
}

GStrv
dms_import_kubernetes_dup_keys (DmsJobNode *object, gboolean secret)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  static const char *const members[] = { "data", "stringData" };

  for (guint m = 0; m < (secret ? 2 : 1); m++)
    {
      DmsJobNode *data = dms_job_node_get (object, members[m]);

      if (data == NULL || dms_job_node_get_kind (data) != DMS_JOB_NODE_MAP)
        continue;
      for (guint i = 0; i < dms_job_node_get_n_items (data); i++)
        {
          const char *key = dms_job_node_get_key (data, i);

          if (g_hash_table_add (seen, (gpointer) key))
            g_strv_builder_add (builder, key);
        }
    }
  return g_strv_builder_end (builder);
}

gboolean
dms_import_kubernetes_is_default (DmsImportReader *reader, const char *key)
{
  static const struct
  {
    const char *key;
    const char *value;
  } defaults[] = {
    { "dnsPolicy", "ClusterFirst" },
    { "imagePullPolicy", "IfNotPresent" },
    { "schedulerName", "default-scheduler" },
    { "serviceAccount", "default" },
    { "serviceAccountName", "default" },
    { "terminationGracePeriodSeconds", "30" },
    { "terminationMessagePath", "/dev/termination-log" },
    { "terminationMessagePolicy", "File" },
    { "failureThreshold", "3" },
    { "initialDelaySeconds", "0" },
    { "successThreshold", "1" },
    { "timeoutSeconds", "1" },
    { "hostIPC", "false" },
    { "hostNetwork", "false" },
    { "hostPID", "false" },
    { "procMount", "Default" },
    { "readOnlyRootFilesystem", "false" },
    { "runAsNonRoot", "false" },
    { "shareProcessNamespace", "false" },
    { "stdin", "false" },
    { "stdinOnce", "false" },
    { "tty", "false" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      if (strcmp (defaults[i].key, key) == 0)
        return g_strcmp0 (text_of (dms_import_reader_get_node (reader), key), defaults[i].value) == 0;
    }
  return FALSE;
}

static DmsJobNode *
find_object (DmsImportPod *pod, gboolean secret, const char *name)
{
  return dms_import_kubernetes_find (pod, secret ? pod->cluster->secrets : pod->cluster->config_maps, name);
}

static void
take_all (DmsImportPod *pod, DmsImportReader *from, gboolean secret, const char *prefix, DmsImportJob *job)
{
  const char *key = secret ? "secretRef" : "configMapRef";
  g_autoptr (DmsImportReader) reference = dms_import_reader_open (from, key);
  g_autofree char *name = NULL;
  g_auto (GStrv) keys = NULL;
  DmsJobNode *object;
  gboolean optional;

  if (reference == NULL)
    return;
  name = dms_import_reader_dup_text (reference, "name");
  optional = dms_import_reader_get_bool (reference, "optional", FALSE);
  object = find_object (pod, secret, name);
  if (object == NULL)
    {
      dms_import_reader_note (reference,
                              "name",
                              optional ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_IMPOSSIBLE,
                              "%s",
                              optional ? "it need not be there, and is not"
                                       : "it is not among the imported files; import it with them");
      dms_import_reader_finish (reference);
      return;
    }
  keys = dms_import_kubernetes_dup_keys (object, secret);
  for (guint i = 0; keys[i] != NULL; i++)
    {
      g_autofree char *variable = g_strconcat (prefix != NULL ? prefix : "", keys[i], NULL);
      g_autofree char *value = dms_import_kubernetes_dup_value (object, secret, keys[i]);

      if (value == NULL || !dms_import_job_set_variable (job, variable, value))
        dms_import_reader_note (reference,
                                NULL,
                                DMS_IMPORT_IMPOSSIBLE,
                                "its key “%.60s” is no name of a variable, no text, or one too many",
                                keys[i]);
    }
  if (secret)
    dms_import_reader_note (
        reference, "name", DMS_IMPORT_APPROXIMATED, "its values stand in the job file: keep that secret");
  dms_import_reader_finish (reference);
}

static void
take_env_from (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job)
{
  DmsJobNode *list = dms_import_reader_get_list (container, "envFrom");

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      g_autoptr (DmsImportReader) from =
          dms_import_reader_open_item (container, "envFrom", dms_job_node_get_item (list, i), suffix);
      g_autofree char *prefix = NULL;

      if (from == NULL)
        continue;
      prefix = dms_import_reader_dup_text (from, "prefix");
      take_all (pod, from, FALSE, prefix, job);
      take_all (pod, from, TRUE, prefix, job);
      dms_import_reader_finish (from);
    }
}

/* `$(NAME)` of a variable that is known; `$$(NAME)` is a text. Variables that are made of others could double
 * with each: NULL when it becomes too long. */
static char *
expand (const char *text, DmsImportJob *job)
{
  g_autoptr (GString) out = g_string_new (NULL);

  while (*text != '\0')
    {
      const char *end =
          text[0] == '$' && text[1] == '(' ? memchr (text, ')', strnlen (text, MAX_NAME_BYTES)) : NULL;
      g_autofree char *name = end == NULL ? NULL : g_strndup (text + 2, (gsize) (end - text - 2));
      const char *value = name == NULL ? NULL : dms_import_job_get_variable (job, name);

      if (out->len > MAX_EXPANDED_BYTES)
        return NULL;
      if (value != NULL)
        {
          g_string_append (out, value);
          text = end + 1;
          continue;
        }
      if (text[0] == '$' && text[1] == '$')
        text++;
      g_string_append_c (out, *text++);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* (transfer full) (nullable): the value of a key; NULL when it was noted that there is none. */
static char *
take_key (DmsImportPod *pod, DmsImportReader *from, gboolean secret)
{
  g_autoptr (DmsImportReader) reference =
      dms_import_reader_open (from, secret ? "secretKeyRef" : "configMapKeyRef");
  g_autofree char *name = NULL;
  g_autofree char *key = NULL;
  g_autofree char *value = NULL;
  gboolean optional;

  if (reference == NULL)
    return NULL;
  name = dms_import_reader_dup_text (reference, "name");
  key = dms_import_reader_dup_text (reference, "key");
  optional = dms_import_reader_get_bool (reference, "optional", FALSE);
  if (key != NULL && find_object (pod, secret, name) != NULL)
    value = dms_import_kubernetes_dup_value (find_object (pod, secret, name), secret, key);
  if (value == NULL)
    dms_import_reader_note (reference,
                            "key",
                            optional ? DMS_IMPORT_TRANSLATED : DMS_IMPORT_IMPOSSIBLE,
                            "%s",
                            optional ? "it need not be there, and is not"
                                     : "it is not among the imported files, or is no text");
  else if (secret)
    dms_import_reader_note (
        reference, "key", DMS_IMPORT_APPROXIMATED, "its value stands in the job file: keep that secret");
  dms_import_reader_finish (reference);
  return g_steal_pointer (&value);
}

static char *
take_field (DmsImportPod *pod, DmsImportReader *from)
{
  g_autoptr (DmsImportReader) field = dms_import_reader_open (from, "fieldRef");
  g_autofree char *path = NULL;
  char *value = NULL;

  if (field == NULL)
    return NULL;
  path = dms_import_reader_dup_text (field, "fieldPath");
  dms_import_reader_pass (field, "apiVersion");
  if (g_strcmp0 (path, "metadata.name") == 0)
    value = g_strdup (pod->node->name);
  else if (g_strcmp0 (path, "metadata.namespace") == 0)
    value = g_strdup (*pod->name_space != '\0' ? pod->name_space : "default");
  else
    dms_import_reader_note (field,
                            "fieldPath",
                            DMS_IMPORT_IMPOSSIBLE,
                            "is known when the job runs only; let the program find it out");
  dms_import_reader_finish (field);
  return value;
}

static char *
take_resource (DmsImportReader *from, DmsImportJob *job)
{
  g_autoptr (DmsImportReader) field = dms_import_reader_open (from, "resourceFieldRef");
  g_autofree char *resource = NULL;
  g_autofree char *divisor = NULL;
  char *value = NULL;
  double by = 1;

  if (field == NULL)
    return NULL;
  resource = dms_import_reader_dup_text (field, "resource");
  divisor = dms_import_reader_dup_text (field, "divisor");
  dms_import_reader_pass (field, "containerName");
  if (divisor != NULL && (!dms_import_text_parse_quantity (divisor, &by) || !(by > 0)))
    by = 1;
  if (resource != NULL && g_str_has_suffix (resource, ".cpu") && job->cores > 0)
    value = g_strdup_printf ("%.0f", ceil (job->cores / by));
  else if (resource != NULL && g_str_has_suffix (resource, ".memory") && job->ram > 0)
    value = g_strdup_printf ("%.0f", ceil ((double) job->ram / by));
  else
    dms_import_reader_note (
        field, "resource", DMS_IMPORT_IMPOSSIBLE, "only cpu and memory that are given are known");
  dms_import_reader_finish (field);
  return value;
}

static void
take_variable (DmsImportPod *pod, DmsImportReader *variable, DmsImportJob *job)
{
  g_autofree char *name = dms_import_reader_dup_text (variable, "name");
  g_autofree char *given = dms_import_reader_dup_text (variable, "value");
  g_autofree char *value = given == NULL ? NULL : expand (given, job);
  g_autoptr (DmsImportReader) from = given == NULL ? dms_import_reader_open (variable, "valueFrom") : NULL;
  static const char *const sources[] = { "configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef" };

  if (from != NULL)
    {
      DmsJobNode *node = dms_import_reader_get_node (from);

      if (dms_job_node_get (node, sources[0]) != NULL)
        value = take_key (pod, from, FALSE);
      else if (dms_job_node_get (node, sources[1]) != NULL)
        value = take_key (pod, from, TRUE);
      else if (dms_job_node_get (node, sources[2]) != NULL)
        value = take_field (pod, from);
      else if (dms_job_node_get (node, sources[3]) != NULL)
        value = take_resource (from, job);
      dms_import_reader_finish (from);
    }
  else if (given != NULL && value == NULL)
    dms_import_reader_note (
        variable, "value", DMS_IMPORT_IMPOSSIBLE, "its variables make it longer than 1 MiB");
  else if (value == NULL)
    value = g_strdup ("");
  if (value != NULL && (name == NULL || !dms_import_job_set_variable (job, name, value)))
    dms_import_reader_note (
        variable, "name", DMS_IMPORT_IMPOSSIBLE, "is no name of a variable that can be set, or one too many");
  dms_import_reader_finish (variable);
}

static void
take_env (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job)
{
  DmsJobNode *list = dms_import_reader_get_list (container, "env");

  for (guint i = 0; list != NULL && i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *suffix = g_strdup_printf ("[%u]", i);
      g_autoptr (DmsImportReader) variable =
          dms_import_reader_open_item (container, "env", dms_job_node_get_item (list, i), suffix);

      if (variable != NULL)
        take_variable (pod, variable, job);
    }
}

static gboolean
is_quantity (const char *key, const char *text, double *value)
{
  return text != NULL && dms_import_text_parse_quantity (text, value) && *value > 0 && *value <= 9e18 &&
         (strcmp (key, "cpu") == 0 || *value >= LEAST_BYTES);
}

static void
take_quantity (DmsImportReader *amounts, const char *key, DmsImportJob *job)
{
  g_autofree char *text = dms_import_reader_dup_text (amounts, key);
  double value;

  if (text == NULL)
    return;
  if (!is_quantity (key, text, &value))
    {
      if (dms_import_text_parse_quantity (text, &value) && value > 0 && value < LEAST_BYTES)
        dms_import_reader_refuse (
            amounts, key, "is less than 1 KiB and was left out: “m” is a thousandth of a byte, “Mi” a MiB");
      else
        dms_import_reader_refuse (amounts, key, "must be a quantity; it was left out");
      return;
    }
  if (strcmp (key, "cpu") == 0)
    {
      job->cores = CLAMP (value, 0.01, 4096);
      if (value < 0.01)
        dms_import_reader_note (amounts, key, DMS_IMPORT_APPROXIMATED, "a hundredth of a core is the least");
    }
  else if (strcmp (key, "memory") == 0)
    job->ram = (guint64) llround (ceil (value));
  else
    job->disk = (guint64) llround (ceil (value));
}

static void
take_gpus (DmsImportReader *amounts, DmsImportJob *job)
{
  static const struct
  {
    const char *key;
    const char *vendor;
  } devices[] = {
    { "nvidia.com/gpu", "NVIDIA" },
    { "amd.com/gpu", "AMD/ATI" },
    { "gpu.intel.com/i915", "Intel" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      gint64 n = dms_import_reader_get_int (amounts, devices[i].key, 0, MAX_GPUS, 0);

      if (n == 0)
        continue;
      job->n_gpus = (guint) n;
      g_free (job->gpu_vendor);
      job->gpu_vendor = g_strdup (devices[i].vendor);
    }
}

static void
take_resources (DmsImportReader *container, DmsImportJob *job)
{
  static const char *const kinds[] = { "requests", "limits" };
  static const char *const keys[] = { "cpu", "memory", "ephemeral-storage" };
  g_autoptr (DmsImportReader) resources = dms_import_reader_open (container, "resources");
  DmsJobNode *limits;
  double limit;

  if (resources == NULL)
    return;
  limits = dms_job_node_get (dms_import_reader_get_node (resources), "limits");
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_autoptr (DmsImportReader) amounts = dms_import_reader_open (resources, kinds[k]);

      if (amounts == NULL)
        continue;
      for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
        {
          take_quantity (amounts, keys[i], job);
          if (k == 0 && is_quantity (keys[i], text_of (limits, keys[i]), &limit) &&
              dms_import_reader_get (amounts, keys[i]) != NULL &&
              g_strcmp0 (text_of (limits, keys[i]),
                         text_of (dms_import_reader_get_node (amounts), keys[i])) != 0)
            dms_import_reader_note (
                amounts, keys[i], DMS_IMPORT_APPROXIMATED, "the limit is what is asked for and kept free");
        }
      take_gpus (amounts, job);
      dms_import_reader_finish (amounts);
    }
  if (dms_import_reader_get (resources, "claims") != NULL)
    dms_import_reader_note (resources, "claims", DMS_IMPORT_IMPOSSIBLE, "ask for GPUs under resources.gpus");
  dms_import_reader_finish (resources);
}

/* No job gains privileges unless it is privileged. */
static void
note_escalation (DmsImportReader *security, gboolean privileged)
{
  static const char key[] = "allowPrivilegeEscalation";
  gboolean allowed = dms_import_reader_get_bool (security, key, privileged);

  if (dms_import_reader_get (security, key) == NULL)
    return;
  if (allowed == privileged)
    dms_import_reader_note (security,
                            key,
                            DMS_IMPORT_TRANSLATED,
                            "it is so for all jobs that are %sprivileged",
                            privileged ? "" : "not ");
  else
    dms_import_reader_note (security,
                            key,
                            DMS_IMPORT_APPROXIMATED,
                            "%s",
                            privileged ? "privileged jobs may gain privileges"
                                       : "no job gains privileges unless it is privileged");
}

static void
take_security (DmsImportReader *container, DmsImportJob *job)
{
  static const struct
  {
    const char *key;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "capabilities", DMS_IMPORT_APPROXIMATED, "left out: the executor's own set is used" },
    { "procMount", DMS_IMPORT_IMPOSSIBLE, "the executor's own is used" },
    { "readOnlyRootFilesystem",
      DMS_IMPORT_APPROXIMATED,
      "the root is writable; its changes end with the container" },
    { "runAsNonRoot", DMS_IMPORT_APPROXIMATED, "not checked; the image's user, or runAsUser, counts" },
    { "seLinuxOptions", DMS_IMPORT_IMPOSSIBLE, "the machine's own are used" },
    { "seccompProfile", DMS_IMPORT_APPROXIMATED, "the executor's own is used" },
  };
  g_autoptr (DmsImportReader) security = dms_import_reader_open (container, "securityContext");

  if (security == NULL)
    return;
  /* Taken together with the pod's. */
  dms_import_reader_get (security, "runAsUser");
  dms_import_reader_get (security, "runAsGroup");
  job->privileged = dms_import_reader_get_bool (security, "privileged", FALSE);
  if (job->privileged)
    dms_import_reader_note (security,
                            "privileged",
                            DMS_IMPORT_APPROXIMATED,
                            "only machines whose owners allow privileged jobs will offer");
  note_escalation (security, job->privileged);
  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    {
      if (dms_import_reader_get (security, remarks[i].key) != NULL &&
          !dms_import_kubernetes_is_default (security, remarks[i].key))
        dms_import_reader_note (security, remarks[i].key, remarks[i].fate, "%s", remarks[i].text);
    }
  dms_import_reader_finish (security);
}

static GStrv
take_words (DmsImportReader *container, const char *key, DmsImportJob *job)
{
  GStrv words = dms_import_reader_dup_texts (container, key);

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      char *expanded = expand (words[i], job);

      if (expanded == NULL)
        {
          dms_import_reader_note (
              container, key, DMS_IMPORT_IMPOSSIBLE, "its variables make it longer than 1 MiB");
          continue;
        }
      g_free (words[i]);
      words[i] = expanded;
    }
  return words;
}

static void
note_rest (DmsImportReader *container)
{
  static const struct
  {
    const char *key;
    DmsImportFate fate;
    const char *text;
  } remarks[] = {
    { "imagePullPolicy", DMS_IMPORT_APPROXIMATED, "an image is pulled when the machine does not have it" },
    { "lifecycle", DMS_IMPORT_IMPOSSIBLE, "let the program do it when it starts and when it is told to end" },
    { "restartPolicy", DMS_IMPORT_TRANSLATED, "a container that goes on beside the others" },
    { "stdin", DMS_IMPORT_IMPOSSIBLE, "nobody sits at a terminal" },
    { "stdinOnce", DMS_IMPORT_IMPOSSIBLE, "nobody sits at a terminal" },
    { "terminationMessagePath", DMS_IMPORT_APPROXIMATED, "left out; what it wrote is in its logs" },
    { "terminationMessagePolicy", DMS_IMPORT_APPROXIMATED, "left out; what it wrote is in its logs" },
    { "tty", DMS_IMPORT_IMPOSSIBLE, "nobody sits at a terminal" },
    { "volumeDevices", DMS_IMPORT_IMPOSSIBLE, "a job gets directories, not devices" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (remarks); i++)
    {
      if (dms_import_reader_get (container, remarks[i].key) != NULL &&
          !dms_import_kubernetes_is_default (container, remarks[i].key))
        dms_import_reader_note (container, remarks[i].key, remarks[i].fate, "%s", remarks[i].text);
    }
}

DmsImportJob *
dms_import_kubernetes_make_job (DmsImportPod *pod, DmsImportReader *container, const char *name)
{
  g_autoptr (DmsImportJob) job = dms_import_job_new (name, dms_import_draft_get_room (pod->cluster->draft));

  dms_import_reader_get (container, "name");
  job->image = dms_import_reader_dup_text (container, "image");
  if (job->image == NULL || *job->image == '\0')
    {
      dms_import_reader_note (container, NULL, DMS_IMPORT_IMPOSSIBLE, "it names no image and was left out");
      return NULL;
    }
  take_resources (container, job);
  take_env_from (pod, container, job);
  take_env (pod, container, job);
  job->entrypoint = take_words (container, "command", job);
  job->command = take_words (container, "args", job);
  job->working_directory = dms_import_reader_dup_text (container, "workingDir");
  take_security (container, job);
  note_rest (container);
  if (job->cores == 0 || job->ram == 0)
    dms_import_reader_note (container,
                            NULL,
                            DMS_IMPORT_APPROXIMATED,
                            "no amount of %s is given; the job asks for %s: change that to what it needs",
                            job->cores > 0 ? "memory"
                            : job->ram > 0 ? "CPU"
                                           : "CPU and memory",
                            job->cores > 0 ? "512 MiB"
                            : job->ram > 0 ? "half a core"
                                           : "half a core and 512 MiB");
  return g_steal_pointer (&job);
}

static void
note_times (DmsImportReader *probe)
{
  static const struct
  {
    const char *key;
    const char *text;
  } times[] = {
    { "failureThreshold", "three failures in a row count" },
    { "initialDelaySeconds", "failures count from the start" },
    { "successThreshold", "one success is enough" },
    { "terminationGracePeriodSeconds", "the executor's own time is used" },
    { "timeoutSeconds", "a check may take the node's own time, 5 s" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      if (dms_import_reader_get (probe, times[i].key) != NULL &&
          !dms_import_kubernetes_is_default (probe, times[i].key))
        dms_import_reader_note (probe, times[i].key, DMS_IMPORT_APPROXIMATED, "%s", times[i].text);
    }
}

static void
set_shell_check (DmsImportJob *job, const char *line)
{
  const char *const words[] = { "/bin/sh", "-c", line, NULL };

  job->health_command = g_strdupv ((GStrv) words);
}

/* A path of a URL that can stand in a line of the shell. */
static gboolean
is_plain_path (const char *path)
{
  for (; *path != '\0'; path++)
    {
      if (!g_ascii_isalnum (*path) && strchr ("/._-~%?=&+:@", *path) == NULL)
        return FALSE;
    }
  return TRUE;
}

static void
take_http_probe (DmsImportPod *pod, DmsImportReader *probe, DmsJobNode *container, DmsImportJob *job)
{
  g_autoptr (DmsImportReader) get = dms_import_reader_open (probe, "httpGet");
  g_autofree char *path = NULL;
  g_autofree char *scheme = NULL;
  g_autofree char *line = NULL;
  guint port;
  guint public_port;

  if (get == NULL)
    return;
  path = dms_import_reader_dup_text (get, "path");
  scheme = dms_import_reader_dup_text (get, "scheme");
  port = dms_import_kubernetes_find_port (container, dms_import_reader_get (get, "port"));
  if (dms_import_reader_get (get, "httpHeaders") != NULL)
    dms_import_reader_note (
        get, "httpHeaders", DMS_IMPORT_IMPOSSIBLE, "the check sends no headers of its own");
  if (dms_import_reader_get (get, "host") != NULL)
    dms_import_reader_note (get, "host", DMS_IMPORT_IMPOSSIBLE, "only the job itself is asked");
  if (port == 0 || (path != NULL && !is_plain_path (path)))
    {
      dms_import_reader_note (get, "port", DMS_IMPORT_IMPOSSIBLE, "neither port nor path can be made out");
      dms_import_reader_finish (get);
      return;
    }
  public_port = dms_import_node_find_port (pod->node, job->name, port);
  if (public_port > 0 && g_ascii_strcasecmp (scheme != NULL ? scheme : "HTTP", "HTTP") == 0)
    {
      job->health_endpoint = g_strdup_printf ("http://localhost:%u%s%s",
                                              public_port,
                                              path != NULL && *path == '/' ? "" : "/",
                                              path != NULL ? path : "");
      dms_import_reader_note (
          get, "port", DMS_IMPORT_APPROXIMATED, "asked at the node's port; any answer counts as healthy");
    }
  else
    {
      line =
          g_strdup_printf ("wget -q -O /dev/null '%s://127.0.0.1:%u%s%s'",
                           g_ascii_strcasecmp (scheme != NULL ? scheme : "", "HTTPS") == 0 ? "https" : "http",
                           port,
                           path != NULL && *path == '/' ? "" : "/",
                           path != NULL ? path : "");
      set_shell_check (job, line);
      dms_import_reader_note (
          get,
          "port",
          DMS_IMPORT_APPROXIMATED,
          "asked by wget in the container, for no fixed port leads there: the image must have it");
    }
  dms_import_reader_finish (get);
}

static void
take_tcp_probe (DmsImportReader *probe, DmsJobNode *container, DmsImportJob *job)
{
  g_autoptr (DmsImportReader) socket = dms_import_reader_open (probe, "tcpSocket");
  g_autofree char *line = NULL;
  guint port;

  if (socket == NULL)
    return;
  port = dms_import_kubernetes_find_port (container, dms_import_reader_get (socket, "port"));
  if (port == 0)
    {
      dms_import_reader_note (socket, "port", DMS_IMPORT_IMPOSSIBLE, "the port cannot be made out");
    }
  else
    {
      line = g_strdup_printf ("nc -z 127.0.0.1 %u", port);
      set_shell_check (job, line);
      dms_import_reader_note (
          socket, "port", DMS_IMPORT_APPROXIMATED, "tried by nc in the container: the image must have it");
    }
  dms_import_reader_finish (socket);
}

static void
take_probe (DmsImportPod *pod, DmsImportReader *container, const char *key, DmsImportJob *job)
{
  g_autoptr (DmsImportReader) probe = dms_import_reader_open (container, key);
  g_autoptr (DmsImportReader) exec = NULL;
  gint64 period;

  if (probe == NULL)
    return;
  exec = dms_import_reader_open (probe, "exec");
  if (exec != NULL)
    {
      job->health_command = dms_import_reader_dup_texts (exec, "command");
      if (job->health_command != NULL && job->health_command[0] == NULL)
        g_clear_pointer (&job->health_command, g_strfreev);
      dms_import_reader_finish (exec);
    }
  else if (dms_import_reader_get (probe, "httpGet") != NULL)
    take_http_probe (pod, probe, dms_import_reader_get_node (container), job);
  else if (dms_import_reader_get (probe, "tcpSocket") != NULL)
    take_tcp_probe (probe, dms_import_reader_get_node (container), job);
  if (dms_import_reader_get (probe, "grpc") != NULL)
    dms_import_reader_note (probe, "grpc", DMS_IMPORT_IMPOSSIBLE, "give a command that asks it");
  period = dms_import_reader_get_int (probe, "periodSeconds", 1, 86400, 10);
  job->health_interval_ns = period * 1000000000;
  note_times (probe);
  dms_import_reader_finish (probe);
}

void
dms_import_kubernetes_add_probe (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job)
{
  /* There is one check. Whether it does its work says most. */
  static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };

  for (guint i = 0; i < G_N_ELEMENTS (probes); i++)
    {
      if (dms_import_reader_get (container, probes[i]) == NULL)
        continue;
      if (job->health_command == NULL && job->health_endpoint == NULL)
        take_probe (pod, container, probes[i], job);
      else
        dms_import_reader_note (
            container,
            probes[i],
            DMS_IMPORT_APPROXIMATED,
            "left out: an allocation has one health check, which is the first of liveness, readiness "
            "and startup");
    }
}

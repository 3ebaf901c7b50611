/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "importers/dms-import-nomad-private.h"

#include "importers/dms-import-text.h"

#include <string.h>

/* Services of a Nomad group or task: names of allocations, and their health checks. */

static DmsImportJob *
find_job (GPtrArray *jobs, const char *name)
{
  for (guint i = 0; i < jobs->len; i++)
    {
      DmsImportJob *job = jobs->pdata[i];

      if (g_strcmp0 (job->name, name) == 0)
        return job;
    }
  return NULL;
}

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
set_shell_check (DmsImportJob *job, const char *line)
{
  const char *const words[] = { "/bin/sh", "-c", line, NULL };

  job->health_command = g_strdupv ((GStrv) words);
}

static void
ask_http (DmsImportNomadGroup *group,
          DmsImportReader *check,
          DmsImportJob *job,
          guint port,
          const char *path,
          const char *protocol)
{
  guint public_port = dms_import_node_find_port (group->node, job->name, port);
  g_autofree char *line = NULL;

  if (public_port > 0 && g_strcmp0 (protocol, "https") != 0)
    {
      job->health_endpoint =
          g_strdup_printf ("http://localhost:%u%s%s", public_port, *path == '/' ? "" : "/", path);
      dms_import_reader_note (
          check, NULL, DMS_IMPORT_APPROXIMATED, "asked at the node's port; any answer counts as healthy");
      return;
    }
  line = g_strdup_printf ("wget -q -O /dev/null '%s://127.0.0.1:%u%s%s'",
                          g_strcmp0 (protocol, "https") == 0 ? "https" : "http",
                          port,
                          *path == '/' ? "" : "/",
                          path);
  set_shell_check (job, line);
  dms_import_reader_note (
      check,
      NULL,
      DMS_IMPORT_APPROXIMATED,
      "asked by wget in the container, for no fixed port leads there: the image must have it");
}

static void
take_check (DmsImportNomadGroup *group,
            DmsImportReader *check,
            DmsImportJob *job,
            DmsImportNomadPort *service_port)
{
  g_autofree char *type = dms_import_nomad_dup_text (check, "Type", "type");
  g_autofree char *path = dms_import_nomad_dup_text (check, "Path", "path");
  g_autofree char *protocol = dms_import_nomad_dup_text (check, "Protocol", "protocol");
  g_autofree char *command = dms_import_nomad_dup_text (check, "Command", "command");
  g_autofree char *interval = dms_import_nomad_dup_text (check, "Interval", "interval");
  g_autofree char *label = dms_import_nomad_dup_text (check, "PortLabel", "port");
  g_auto (GStrv) args = dms_import_reader_dup_texts (check, dms_import_nomad_key (check, "Args", "args"));
  DmsImportNomadPort *port = label == NULL ? service_port : g_hash_table_lookup (group->ports, label);
  guint number = port == NULL ? 0 : port->private_port;
  gint64 ns;

  if (job->health_command != NULL || job->health_endpoint != NULL)
    {
      dms_import_reader_note (check,
                              NULL,
                              DMS_IMPORT_APPROXIMATED,
                              "left out: an allocation has one health check, which is the first");
      return;
    }
  if (g_strcmp0 (type, "script") == 0 && command != NULL)
    {
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

      g_strv_builder_add (builder, command);
      for (guint i = 0; args != NULL && args[i] != NULL; i++)
        g_strv_builder_add (builder, args[i]);
      job->health_command = g_strv_builder_end (builder);
      dms_import_reader_note (check, NULL, DMS_IMPORT_TRANSLATED, "as the allocation's health check");
    }
  else if (g_strcmp0 (type, "http") == 0 && number > 0 && is_plain_path (path != NULL ? path : "/"))
    ask_http (group, check, job, number, path != NULL ? path : "/", protocol);
  else if (g_strcmp0 (type, "tcp") == 0 && number > 0)
    {
      g_autofree char *line = g_strdup_printf ("nc -z 127.0.0.1 %u", number);

      set_shell_check (job, line);
      dms_import_reader_note (
          check, NULL, DMS_IMPORT_APPROXIMATED, "tried by nc in the container: the image must have it");
    }
  else
    {
      dms_import_reader_note (check,
                              NULL,
                              DMS_IMPORT_IMPOSSIBLE,
                              "a check of this type, or its port, is not known: give a command");
      return;
    }
  /* Nomad's interface has nanoseconds, its language a text. */
  if (interval != NULL && (dms_import_text_parse_duration (interval, &ns) ||
                           (g_ascii_string_to_signed (interval, 10, 1, G_MAXINT64 / 2, &ns, NULL))))
    job->health_interval_ns = ns;
}

static void
take_service (DmsImportNomadGroup *group,
              DmsImportReader *service,
              const char *label,
              GPtrArray *jobs,
              DmsImportJob *owner)
{
  g_autofree char *name = dms_import_nomad_dup_text (service, "Name", "name");
  g_autofree char *port_label = dms_import_nomad_dup_text (service, "PortLabel", "port");
  g_autofree char *task = dms_import_nomad_dup_text (service, "TaskName", "task");
  DmsImportNomadPort *port = port_label == NULL ? NULL : g_hash_table_lookup (group->ports, port_label);
  DmsImportJob *job = owner != NULL ? owner : port != NULL ? find_job (jobs, port->job) : NULL;
  DmsImportNomadPort bare = { 0 };
  g_autoptr (GPtrArray) checks = NULL;
  guint64 number;

  if (job == NULL)
    job = jobs->pdata[0];
  if (port == NULL && port_label != NULL &&
      g_ascii_string_to_unsigned (port_label, 10, 1, 65535, &number, NULL))
    {
      bare.private_port = (guint) number;
      port = &bare;
    }
  if (job->dns_name == NULL && group->index == 0 && (name != NULL || *label != '\0'))
    job->dns_name = dms_import_text_to_name (name != NULL ? name : label);
  dms_import_reader_note (service,
                          dms_import_nomad_key (service, "Name", "name"),
                          DMS_IMPORT_APPROXIMATED,
                          "others find it as this name with .internal behind it, at the node's port");
  checks = dms_import_nomad_list (service, "Checks", "check", FALSE);
  for (guint i = 0; i < checks->len; i++)
    take_check (group, ((DmsImportNomadBlock *) checks->pdata[i])->reader, job, port);
  dms_import_nomad_remark (
      service, "Connect", "connect", DMS_IMPORT_IMPOSSIBLE, "there is no Consul Connect");
  dms_import_nomad_remark (service, "Tags", "tags", DMS_IMPORT_IMPOSSIBLE, "names have no tags");
  dms_import_nomad_remark (service, "CanaryTags", "canary_tags", DMS_IMPORT_IMPOSSIBLE, "names have no tags");
  dms_import_nomad_remark (service, "Meta", "meta", DMS_IMPORT_IMPOSSIBLE, "names have no metadata");
  dms_import_nomad_remark (
      service, "Provider", "provider", DMS_IMPORT_APPROXIMATED, "names are the ensemble's own");
  dms_import_nomad_remark (
      service, "AddressMode", "address_mode", DMS_IMPORT_APPROXIMATED, "the node's port is used");
  dms_import_nomad_remark (service, "Cluster", NULL, DMS_IMPORT_TRANSLATED, "names are the ensemble's own");
  dms_import_nomad_remark (service, "OnUpdate", "on_update", DMS_IMPORT_APPROXIMATED, "left out");
  dms_import_nomad_remark (
      service, "CheckRestart", "check_restart", DMS_IMPORT_APPROXIMATED, "three failures in a row count");
  dms_import_nomad_finish (service);
}

void
dms_import_nomad_add_services (DmsImportNomadGroup *group,
                               DmsImportReader *owner,
                               GPtrArray *jobs,
                               DmsImportJob *owner_job)
{
  g_autoptr (GPtrArray) services = dms_import_nomad_list (owner, "Services", "service", FALSE);

  for (guint i = 0; i < services->len; i++)
    {
      DmsImportNomadBlock *block = services->pdata[i];

      take_service (group, block->reader, block->name, jobs, owner_job);
    }
}

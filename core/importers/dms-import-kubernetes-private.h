/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "importers/dms-importer-private.h"
#include "importers/dms-import-reader.h"

/* All objects of the manifests. Names count, namespaces do not. */
typedef struct
{
  DmsImportDraft *draft;
  DmsImportReport *report;
  /* namespace/name → DmsJobNode of the object; an object that states no namespace has an empty one. By “*” in
   * its place as well, where NULL says that objects of several namespaces have the name. */
  GHashTable *config_maps;
  GHashTable *secrets;
  GHashTable *claims;
  /* (element-type DmsJobNode) */
  GPtrArray *services;
  /* services whose selector found a pod → number of them */
  GHashTable *n_selected;
} DmsImportCluster;

/* A pod while it becomes a node. Of several replicas the first is told of in the report. */
typedef struct
{
  DmsImportCluster *cluster;
  DmsImportReport *report;
  DmsImportReader *spec;
  DmsImportNode *node;
  const char *workload;
  /* Empty when the workload states none. */
  const char *name_space;
  guint ordinal;
  gboolean is_task;
  gboolean restarts;
  /* (nullable) */
  DmsJobNode *labels;
  DmsJobNode *claim_templates;
  /* From nodeSelector and the like, for all its jobs. */
  char *architecture;
  char *gpu_model;
} DmsImportPod;

/* (transfer full) (nullable): a container's job; NULL, noted, when it cannot be made. */
DmsImportJob *
dms_import_kubernetes_make_job (DmsImportPod *pod, DmsImportReader *container, const char *name);
/* (nullable): the object of this name in the pod's namespace. Where only one of the two states a namespace
 * they are of one, unless several objects would do. */
DmsJobNode *dms_import_kubernetes_find (DmsImportPod *pod, GHashTable *objects, const char *name);
/* Of an object; empty when it states none. */
const char *dms_import_kubernetes_get_namespace (DmsJobNode *object);
/* probes; call it when the ports of the node are known. */
void dms_import_kubernetes_add_probe (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job);
void dms_import_kubernetes_add_volumes (DmsImportPod *pod, DmsImportReader *container, DmsImportJob *job);
/* nodeSelector, affinity and the like */
void dms_import_kubernetes_place (DmsImportPod *pod);
/* Ports that services, and the containers themselves, open. jobs: those of the pod's containers, in order. */
void dms_import_kubernetes_add_ports (DmsImportPod *pod, DmsJobNode *containers, GPtrArray *jobs);
/* Tells what became of the services. */
void dms_import_kubernetes_note_services (DmsImportCluster *self);
/* Whether a member is what Kubernetes writes where nothing was set. */
gboolean dms_import_kubernetes_is_default (DmsImportReader *reader, const char *key);
/* The number of a port that may be given by name; 0 when there is none. */
guint dms_import_kubernetes_find_port (DmsJobNode *container, DmsJobNode *port);
/* (transfer full) (nullable): text of a key of a ConfigMap or Secret; optional: whether it may be absent */
char *dms_import_kubernetes_dup_value (DmsJobNode *object, gboolean secret, const char *key);
/* (transfer full): keys of a ConfigMap or Secret, in their order */
GStrv dms_import_kubernetes_dup_keys (DmsJobNode *object, gboolean secret);

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DOCKER_CLIENT (dms_docker_client_get_type ())

G_DECLARE_FINAL_TYPE (DmsDockerClient, dms_docker_client, DMS, DOCKER_CLIENT, GObject)

/* Answers beyond this are refused. */
#define DMS_DOCKER_MAX_REPLY ((gsize) 16 * 1024 * 1024)

char *dms_docker_client_find_socket (GError **error);

DmsDockerClient *dms_docker_client_new (const char *socket_path);
const char *dms_docker_client_get_socket_path (DmsDockerClient *self);

/* Blocking, for worker threads; safe from any of them. */
GBytes *dms_docker_client_call (DmsDockerClient *self,
                                const char *method,
                                const char *path,
                                const char *content_type,
                                GBytes *body,
                                GCancellable *cancellable,
                                GError **error);
JsonNode *dms_docker_client_call_json (DmsDockerClient *self,
                                       const char *method,
                                       const char *path,
                                       JsonNode *body,
                                       GCancellable *cancellable,
                                       GError **error);
GInputStream *dms_docker_client_open (DmsDockerClient *self,
                                      const char *method,
                                      const char *path,
                                      JsonNode *body,
                                      GCancellable *cancellable,
                                      GError **error);

/* For the main context that made the client. */
void dms_docker_client_call_async (DmsDockerClient *self,
                                   const char *method,
                                   const char *path,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
GBytes *dms_docker_client_call_finish (DmsDockerClient *self, GAsyncResult *result, GError **error);
void dms_docker_client_open_async (DmsDockerClient *self,
                                   const char *method,
                                   const char *path,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
GInputStream *dms_docker_client_open_finish (DmsDockerClient *self, GAsyncResult *result, GError **error);

G_END_DECLS

/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define DMS_TYPE_DOCKER_EXECUTOR (dms_docker_executor_get_type ())

G_DECLARE_FINAL_TYPE (DmsDockerExecutor, dms_docker_executor, DMS, DOCKER_EXECUTOR, GObject)

G_END_DECLS

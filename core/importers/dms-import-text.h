/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What an allocation asks for where the foreign file says nothing; job files must say something. */
#define DMS_IMPORT_DEFAULT_CORES 0.5
#define DMS_IMPORT_DEFAULT_RAM   (G_GUINT64_CONSTANT (512) << 20)
#define DMS_IMPORT_DEFAULT_DISK  (G_GUINT64_CONSTANT (1) << 30)
/* How often health is looked at where nothing is said: what Docker does. */
#define DMS_IMPORT_DEFAULT_INTERVAL_NS (G_GINT64_CONSTANT (30) * 1000000000)

/* Texts of foreign files. */

gboolean dms_import_text_is_variable (const char *text);
/* (transfer full): the nearest name that an allocation or node can have: a DNS label. Never empty. */
char *dms_import_text_to_name (const char *text);
/* (transfer full): the nearest name that a volume can have */
char *dms_import_text_to_volume (const char *text);
/* (transfer full): `512MiB`, the largest unit that divides it */
char *dms_import_text_format_bytes (guint64 bytes);
/* Sizes as Docker has them: `512m`, `1.5gb`, all powers of 1024; and as Kubernetes has them: `512Mi`, `1G`,
 * `1e9`, `128974848000m`. FALSE for what is none or does not fit. */
gboolean dms_import_text_parse_docker_bytes (const char *text, guint64 *bytes);
gboolean dms_import_text_parse_quantity (const char *text, double *value);
/* Go's and Compose's durations, days too. Nanoseconds. */
gboolean dms_import_text_parse_duration (const char *text, gint64 *ns);
/* (transfer full): our name of a CPU's architecture, as `x86_64` for `amd64` */
char *dms_import_text_to_architecture (const char *text);
/* A region of a large cloud, such as `eu-central-1` or `europe-west3`; country: (nullable) when it is not
 * known. FALSE when its continent is not known either. */
gboolean dms_import_text_find_region (const char *region, const char **continent, const char **country);
/* A command of a shell's line as a list; NULL when its quotes do not match. */
GStrv dms_import_text_split_command (const char *line);

/* Whether nobody but the machine itself can reach an address; brackets around one of IPv6 may be there. */
gboolean dms_import_text_is_loopback (const char *address);
/* Whether one of these options, with commas between them, is that one. */
gboolean dms_import_text_has_option (const char *options, const char *option);

G_END_DECLS

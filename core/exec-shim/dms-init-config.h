/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-shim-buffer.h"

/* What the first process of a sandbox is told, in a file in memory: strings that end in NUL, their first
 * character the kind below. */
typedef enum
{
  DMS_INIT_ARGUMENT = 'a',
  DMS_INIT_DIRECTORY = 'd',
  DMS_INIT_ENVIRONMENT = 'e',
  DMS_INIT_DATA_LIMIT = 'm',
  DMS_INIT_PROCESS_LIMIT = 'p',
  DMS_INIT_SCRIPT = 's',
  DMS_INIT_WRITABLE = 'w',
} DmsInitKind;

/* Paths inside a sandbox. */
#define DMS_INIT_PROGRAM "/run/dms/init"
#define DMS_INIT_SCRIPTS "/run/dms/scripts"
#define DMS_INIT_HOME    "/home/job"

typedef struct
{
  char **items;
  size_t count;
} DmsInitList;

typedef struct
{
  char *directory;
  unsigned long long data_limit;
  unsigned long long process_limit;
  DmsInitList args;
  DmsInitList env;
  DmsInitList scripts;
  DmsInitList writable;
} DmsInitConfig;

/* Reads it; the strings point into bytes, which must outlive it. */
bool dms_init_config_parse (DmsInitConfig *self, char *bytes, size_t length);

import type { Shape } from './shape.ts';

/** Bodies of the service model's errors. */
export const errorStructures = {
  AccessDeniedException: { type: 'structure', required: ['message'], members: { message: 'ErrorMessage' } },
  ConflictException: {
    type: 'structure',
    required: ['message', 'resourceId', 'resourceType'],
    members: { message: 'ErrorMessage', resourceId: 'ResourceId', resourceType: 'ResourceType' },
  },
  InternalServerException: { type: 'structure', required: ['message'], members: { message: 'ErrorMessage' } },
  PendingVerification: { type: 'structure', required: ['message'], members: { message: 'ErrorMessage' } },
  ResourceNotFoundException: {
    type: 'structure',
    required: ['message', 'resourceId', 'resourceType'],
    members: { message: 'ErrorMessage', resourceId: 'ResourceId', resourceType: 'ResourceType' },
  },
  ServiceQuotaExceededException: {
    type: 'structure',
    required: ['message', 'resourceId', 'resourceType', 'limit'],
    members: {
      message: 'ErrorMessage',
      resourceId: 'ResourceId',
      resourceType: 'ResourceType',
      limit: 'Limit',
    },
  },
  ThrottlingException: {
    type: 'structure',
    required: ['message', 'resourceId', 'resourceType', 'limit'],
    members: {
      message: 'ErrorMessage',
      resourceId: 'ResourceId',
      resourceType: 'ResourceType',
      limit: 'Limit',
    },
  },
  ValidationException: {
    type: 'structure',
    required: ['message', 'reason'],
    members: {
      message: 'ErrorMessage',
      reason: 'ValidationExceptionReason',
      fieldList: 'ValidationExceptionFieldList',
    },
  },
  ValidationExceptionField: {
    type: 'structure',
    required: ['name', 'message'],
    members: { name: 'FieldName', message: 'ErrorMessage' },
  },
} as const satisfies Readonly<Record<string, Shape>>;

import type { ProtoDefinitions } from "./grpc.ts";

/** Field numbers from github.com/temporalio/api, temporal/api/workflowservice/v1 and what it imports. */
const field = (type: string, id: number): { readonly type: string; readonly id: number } => ({ type, id });

const messages = {
  Duration: { fields: { seconds: field("int64", 1), nanos: field("int32", 2) } },
  NamespaceConfig: { fields: { workflowExecutionRetentionTtl: field("Duration", 1) } },
  NamespaceInfo: { fields: { name: field("string", 1), state: field("int32", 2) } },
  RegisterNamespaceRequest: {
    fields: {
      namespace: field("string", 1),
      description: field("string", 2),
      workflowExecutionRetentionPeriod: field("Duration", 4),
    },
  },
  DescribeNamespaceRequest: { fields: { namespace: field("string", 1) } },
  DescribeNamespaceResponse: {
    fields: { namespaceInfo: field("NamespaceInfo", 1), config: field("NamespaceConfig", 2) },
  },
  UpdateNamespaceRequest: { fields: { namespace: field("string", 1), config: field("NamespaceConfig", 3) } },
  Empty: { fields: {} },
  WorkflowType: { fields: { name: field("string", 1) } },
  TaskQueue: { fields: { name: field("string", 1), kind: field("int32", 2) } },
  DescribeTaskQueueRequest: {
    fields: { namespace: field("string", 1), taskQueue: field("TaskQueue", 2), taskQueueType: field("int32", 3) },
  },
  PollerInfo: { fields: { identity: field("string", 2) } },
  DescribeTaskQueueResponse: { fields: { pollers: { rule: "repeated", ...field("PollerInfo", 1) } } },
  WorkflowExecution: { fields: { workflowId: field("string", 1), runId: field("string", 2) } },
  StartWorkflowExecutionRequest: {
    fields: {
      namespace: field("string", 1),
      workflowId: field("string", 2),
      workflowType: field("WorkflowType", 3),
      taskQueue: field("TaskQueue", 4),
      workflowExecutionTimeout: field("Duration", 6),
      identity: field("string", 9),
      requestId: field("string", 10),
    },
  },
  StartWorkflowExecutionResponse: { fields: { runId: field("string", 1) } },
  PollWorkflowTaskQueueRequest: {
    fields: { namespace: field("string", 1), taskQueue: field("TaskQueue", 2), identity: field("string", 3) },
  },
  PollWorkflowTaskQueueResponse: {
    fields: { taskToken: field("bytes", 1), workflowExecution: field("WorkflowExecution", 2) },
  },
  CompleteWorkflowExecutionCommandAttributes: { fields: {} },
  Command: {
    fields: {
      commandType: field("int32", 1),
      completeWorkflowExecutionCommandAttributes: field("CompleteWorkflowExecutionCommandAttributes", 4),
    },
  },
  RespondWorkflowTaskCompletedRequest: {
    fields: {
      taskToken: field("bytes", 1),
      commands: { rule: "repeated", ...field("Command", 2) },
      identity: field("string", 3),
      namespace: field("string", 9),
    },
  },
  DescribeWorkflowExecutionRequest: {
    fields: { namespace: field("string", 1), execution: field("WorkflowExecution", 2) },
  },
  WorkflowExecutionInfo: { fields: { execution: field("WorkflowExecution", 1), status: field("int32", 5) } },
  DescribeWorkflowExecutionResponse: { fields: { workflowExecutionInfo: field("WorkflowExecutionInfo", 2) } },
};

const method = (name: string, responseType = `${name}Response`): object => ({
  [name]: { requestType: `${name}Request`, responseType },
});

export const temporalDefinitions: ProtoDefinitions = {
  nested: {
    temporal: {
      nested: {
        api: {
          nested: {
            workflowservice: {
              nested: {
                v1: {
                  nested: {
                    ...messages,
                    WorkflowService: {
                      methods: {
                        ...method("RegisterNamespace", "Empty"),
                        ...method("DescribeNamespace"),
                        ...method("UpdateNamespace", "Empty"),
                        ...method("DescribeTaskQueue"),
                        ...method("StartWorkflowExecution"),
                        ...method("PollWorkflowTaskQueue"),
                        ...method("RespondWorkflowTaskCompleted", "Empty"),
                        ...method("DescribeWorkflowExecution"),
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

export const temporalService = "temporal.api.workflowservice.v1.WorkflowService";

/** Numbers of temporal/api/enums/v1. */
export const temporalEnums = {
  commandCompleteWorkflowExecution: 4,
  workflowRunning: 1,
  workflowCompleted: 2,
  taskQueueNormal: 1,
  taskQueueOfWorkflows: 1,
  namespaceRegistered: 1,
} as const;

"""Calls all 17 operations with unmodified boto3 and checks each answer.

Argument: the endpoint. Prints one line per claim that held; a claim that doesn't hold ends it with status 1.
"""

import sys

import boto3
from botocore.config import Config

client = boto3.client(
    "ivschat",
    endpoint_url=sys.argv[1],
    region_name="us-west-2",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"max_attempts": 1}),
)


def hold(claim, is_true):
    if not is_true:
        sys.exit("not ok " + claim)
    print("ok " + claim)


def refused(code, status, call, **parameters):
    try:
        call(**parameters)
    except client.exceptions.ClientError as error:
        hold(
            code,
            error.response["Error"]["Code"] == code
            and error.response["ResponseMetadata"]["HTTPStatusCode"] == status,
        )
        return error.response
    sys.exit("not ok expected " + code)


room = client.create_room(name="boto3", tags={"team": "a"}, maximumMessageLength=100)
arn = room["arn"]
hold("CreateRoom", room["maximumMessageRatePerSecond"] == 10 and room["createTime"].tzinfo is not None)
hold("GetRoom", client.get_room(identifier=arn)["name"] == "boto3")
hold("UpdateRoom", client.update_room(identifier=arn, name="")["maximumMessageLength"] == 100)
names = ["page-%d" % i for i in range(5)]
made = [client.create_room(name=name)["arn"] for name in names]
token = None
listed = []
while True:
    page = client.list_rooms(maxResults=2, **({"nextToken": token} if token else {}))
    listed += [entry["arn"] for entry in page["rooms"]]
    token = page.get("nextToken")
    if not token:
        break
hold("ListRooms in pages", len(listed) == len(set(listed)) and set(made + [arn]) <= set(listed))
chat = client.create_chat_token(
    roomIdentifier=arn, userId="user-1", capabilities=["SEND_MESSAGE"], attributes={"name": "Ä"}
)
hold("CreateChatToken", chat["token"].count(".") == 1 and chat["tokenExpirationTime"] < chat["sessionExpirationTime"])
hold("SendEvent", len(client.send_event(roomIdentifier=arn, eventName="goal", attributes={"by": "7"})["id"]) == 12)
hold("DeleteMessage", len(client.delete_message(roomIdentifier=arn, id="AYk6xKitV4On", reason="spam")["id"]) == 12)
hold("DisconnectUser", client.disconnect_user(roomIdentifier=arn, userId="user-1")["ResponseMetadata"]["HTTPStatusCode"] == 200)
client.tag_resource(resourceArn=arn, tags={"b c": "100 % & more"})
hold("ListTagsForResource", client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "a", "b c": "100 % & more"})
client.untag_resource(resourceArn=arn, tagKeys=["team", "b c"])
hold("UntagResource", client.list_tags_for_resource(resourceArn=arn)["tags"] == {})

logs = client.create_logging_configuration(name="boto3", destinationConfiguration={"s3": {"bucketName": "chat-logs"}})
hold("CreateLoggingConfiguration", logs["state"] == "ACTIVE")
client.update_room(identifier=arn, loggingConfigurationIdentifiers=[logs["arn"]])
refused("ConflictException", 409, client.delete_logging_configuration, identifier=logs["arn"])
client.update_room(identifier=arn, loggingConfigurationIdentifiers=[])
hold("UpdateLoggingConfiguration", client.update_logging_configuration(identifier=logs["arn"], name="renamed")["name"] == "renamed")
hold("GetLoggingConfiguration", client.get_logging_configuration(identifier=logs["arn"])["destinationConfiguration"] == {"s3": {"bucketName": "chat-logs"}})
hold("ListLoggingConfigurations", logs["arn"] in [c["arn"] for c in client.list_logging_configurations()["loggingConfigurations"]])
client.delete_logging_configuration(identifier=logs["arn"])

answer = refused("ValidationException", 400, client.create_room, name="no spaces!")
hold("ValidationException names the field", answer["fieldList"][0]["name"] == "name")
for made_arn in made + [arn]:
    client.delete_room(identifier=made_arn)
answer = refused("ResourceNotFoundException", 404, client.get_room, identifier=arn)
hold("ResourceNotFoundException names the resource", answer["resourceType"] == "ROOM")
print("done")

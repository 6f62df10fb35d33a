import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ivschat.IvschatClient;
import software.amazon.awssdk.services.ivschat.model.*;

/**
 * Calls all 17 operations with the unmodified AWS SDK for Java 2, as the guide's Kotlin tutorial uses it, and checks each
 * answer. Prints one line per claim that held; an exception ends it with status 1. Argument: the endpoint.
 */
public class ControlPlane {
  public static void main(String[] args) {
    try (IvschatClient client = IvschatClient.builder()
        .endpointOverride(URI.create(args[0]))
        .region(Region.US_WEST_2)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
        .httpClient(UrlConnectionHttpClient.create())
        .build()) {
      rooms(client);
      loggingConfigurations(client);
      errors(client);
    }
    System.out.println("done");
  }

  private static void rooms(IvschatClient client) {
    CreateRoomResponse room = client.createRoom(r -> r.name("java").maximumMessageLength(120).tags(Map.of("team", "a")));
    hold("CreateRoom answers with the defaults of the service",
        room.maximumMessageRatePerSecond() == 10 && room.maximumMessageLength() == 120 && room.createTime() != null);
    hold("GetRoom returns what was created",
        client.getRoom(r -> r.identifier(room.arn())).tags().equals(Map.of("team", "a")));
    hold("UpdateRoom changes only the fields present",
        client.updateRoom(r -> r.identifier(room.arn()).maximumMessageRatePerSecond(20)).maximumMessageLength() == 120);

    List<String> more = new ArrayList<>();
    for (int i = 0; i < 5; i++) more.add(client.createRoom(r -> r.name("java-page")).arn());
    List<String> listed = client.listRoomsPaginator(r -> r.name("java-page").maxResults(2)).stream()
        .flatMap(page -> page.rooms().stream()).map(RoomSummary::arn).toList();
    hold("the paginator of ListRooms yields each room once", listed.size() == 5 && listed.containsAll(more));
    more.forEach(arn -> client.deleteRoom(r -> r.identifier(arn)));

    CreateChatTokenResponse token = client.createChatToken(r -> r.roomIdentifier(room.arn()).userId("user-1")
        .attributes(Map.of("username", "A"))
        .capabilitiesWithStrings("SEND_MESSAGE", "DELETE_MESSAGE", "DISCONNECT_USER").sessionDurationInMinutes(30));
    hold("CreateChatToken answers with a token of two parts and both times",
        token.token().split("\\.").length == 2
            && token.tokenExpirationTime().isBefore(token.sessionExpirationTime()));
    hold("SendEvent answers with an id", client.sendEvent(r -> r.roomIdentifier(room.arn()).eventName("goal")
        .attributes(Map.of("by", "7"))).id().length() == 12);
    hold("DeleteMessage answers with an id", client.deleteMessage(r -> r.roomIdentifier(room.arn()).id("AYk6xKitV4On")
        .reason("spam")).id().length() == 12);
    client.disconnectUser(r -> r.roomIdentifier(room.arn()).userId("user-1").reason("spam"));

    client.tagResource(r -> r.resourceArn(room.arn()).tags(Map.of("colour", "red & blue / 100 %")));
    hold("ListTagsForResource returns all tags", client.listTagsForResource(r -> r.resourceArn(room.arn())).tags()
        .equals(Map.of("team", "a", "colour", "red & blue / 100 %")));
    client.untagResource(r -> r.resourceArn(room.arn()).tagKeys("team", "colour"));
    hold("UntagResource removes several keys at once",
        client.listTagsForResource(r -> r.resourceArn(room.arn())).tags().isEmpty());
    client.deleteRoom(r -> r.identifier(room.arn()));
    expect(ResourceNotFoundException.class, () -> client.getRoom(r -> r.identifier(room.arn())));
  }

  private static void loggingConfigurations(IvschatClient client) {
    CreateLoggingConfigurationResponse made = client.createLoggingConfiguration(r -> r.name("java-logs")
        .destinationConfiguration(d -> d.s3(s -> s.bucketName("chat-logs"))));
    hold("CreateLoggingConfiguration is ACTIVE", made.state() == CreateLoggingConfigurationState.ACTIVE);
    CreateRoomResponse room = client.createRoom(r -> r.loggingConfigurationIdentifiers(made.arn()));
    expect(ConflictException.class, () -> client.deleteLoggingConfiguration(r -> r.identifier(made.arn())));
    client.deleteRoom(r -> r.identifier(room.arn()));
    hold("UpdateLoggingConfiguration replaces the destination", client.updateLoggingConfiguration(r -> r
        .identifier(made.arn()).destinationConfiguration(d -> d.firehose(f -> f.deliveryStreamName("chat"))))
        .destinationConfiguration().firehose().deliveryStreamName().equals("chat"));
    hold("GetLoggingConfiguration returns it", client.getLoggingConfiguration(r -> r.identifier(made.arn()))
        .name().equals("java-logs"));
    hold("ListLoggingConfigurations lists it", client.listLoggingConfigurationsPaginator(r -> {}).stream()
        .flatMap(page -> page.loggingConfigurations().stream()).anyMatch(c -> c.arn().equals(made.arn())));
    client.deleteLoggingConfiguration(r -> r.identifier(made.arn()));
  }

  private static void errors(IvschatClient client) {
    ValidationException invalid = expect(ValidationException.class, () -> client.createRoom(r -> r.name("no spaces!")));
    hold("ValidationException names the field", invalid.statusCode() == 400
        && invalid.reason() == ValidationExceptionReason.FIELD_VALIDATION_FAILED
        && invalid.fieldList().get(0).name().equals("name"));
    ResourceNotFoundException missing = expect(ResourceNotFoundException.class, () -> client.getRoom(
        r -> r.identifier("arn:aws:ivschat:us-west-2:000000000000:room/AAAAAAAAAAAA")));
    hold("ResourceNotFoundException names the resource",
        missing.statusCode() == 404 && missing.resourceType() == ResourceType.ROOM && missing.resourceId() != null);
  }

  private static void hold(String claim, boolean isTrue) {
    if (!isTrue) throw new AssertionError(claim);
    System.out.println("ok " + claim);
  }

  private static <E extends Exception> E expect(Class<E> type, Runnable call) {
    try {
      call.run();
    } catch (Exception error) {
      if (!type.isInstance(error)) throw error;
      System.out.println("ok " + type.getSimpleName());
      return type.cast(error);
    }
    throw new AssertionError("expected " + type.getSimpleName());
  }
}
